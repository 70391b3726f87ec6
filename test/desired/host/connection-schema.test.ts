import { expect, test } from 'vitest';
import { connectionFields, toConnections } from '../../../src/desired/host/connection-schema.js';
import {
  changedLives,
  LIVES,
  listLives,
  livesFrom,
  sizeByMark,
  sizeMark,
} from '../../../src/model/connections.js';

const read = (written: unknown) => toConnections(connectionFields.parse(written));

test('what is not said is as usual', () => {
  expect(read({})).toEqual({ max: 262_144, timeouts: LIVES });
  expect(read({ max: 1025 }).max, 'halves and a quarter of it are tables').toBe(1028);
  expect(read({ timeouts: { udp: '1m', tcp: { flowing: '1h30m' }, icmp: '1500ms' } }).timeouts).toEqual({
    ...LIVES,
    udp: 60,
    icmp: 2,
    tcp: { ...LIVES.tcp, flowing: 5400 },
  });
});

test('tables are the usual source, said or not: nothing tells such states apart', () => {
  expect(read({ from: 'tables' })).toEqual(read({}));
  expect(read({ from: 'conntrack' })).toEqual({ ...read({}), from: 'conntrack' });
});

test.each([
  { from: 'iptables' },
  { max: 1023 },
  { max: 16_777_217 },
  { max: '4096' },
  { size: 4096 },
  { timeouts: { udp: '500ms' } },
  { timeouts: { udp: '31d' } },
  { timeouts: { udp: 30 } },
  { timeouts: { tcp: { established: '1h' } } },
])('%j is refused', (written) => {
  expect(connectionFields.safeParse(written).success).toBe(false);
});

test('timeouts as numbers and back; what changed, in words', () => {
  const others = { ...LIVES, sctp: 1, tcp: { ...LIVES.tcp, reset: 3 } };
  expect(livesFrom(listLives(others))).toEqual(others);
  expect(changedLives(LIVES, LIVES)).toBe('');
  expect(changedLives(LIVES, others)).toBe('tcp reset 10 s -> 3 s, sctp 210 s -> 1 s');
});

test('a program says the size of its tables', () => {
  expect(sizeMark({ max: 262_144 })).toBeUndefined();
  expect(sizeByMark('0123456789abcdef')).toBe(262_144);
  expect(sizeByMark(`0123456789abcdef-${sizeMark({ max: 4096 })}`)).toBe(4096);
});
