// The tables as they are counted: what is meant, what is over, pages, and how near a table is to forgetting what is not over.
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/addresses/parse.js';
import type { FlowFilter } from '../../../src/model/connection-table.js';
import { CONNECTION_BYTES, FLOW_BYTES, PHASES, type Phase } from '../../../src/model/connections.js';
import { Census, NO_PAGE } from '../../../src/policy/connections/census.js';
import { filterWords } from '../../../src/policy/connections/filter-words.js';
import { batchOf, describeFlow, type FlowBatch } from '../../../src/policy/connections/flow-entry.js';
import { nextPacket } from '../../../src/policy/connections/next-packet.js';
import {
  forgottenOf,
  highest,
  pressureOf,
  pressureWarnings,
} from '../../../src/policy/connections/pressure.js';
import { readFrame } from '../../../src/policy/connections/read-flow.js';
import { parseFrame } from '../../../src/policy/packet/parse.js';

const NOW = 1_000_000e9;
const FOUR = { local: [192, 0, 2, 2], remote: [203, 0, 113, 9] };
const SIX = {
  local: [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 2],
  remote: [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 9],
};

interface Entry {
  protocol: number;
  ends?: typeof FOUR;
  localPort?: number;
  remotePort?: number;
  phase?: Phase;
  answered?: boolean;
  /** Seconds. */
  silent?: number;
  life?: number;
}

function batch(...entries: Entry[]): FlowBatch {
  const flows = new DataView(new ArrayBuffer(entries.length * FLOW_BYTES));
  const connections = new DataView(new ArrayBuffer(entries.length * CONNECTION_BYTES));
  entries.forEach((one, at) => {
    const { ends = FOUR, localPort = 0, remotePort = 0, phase = 'flowing', silent = 5, life = 100 } = one;
    const from = at * FLOW_BYTES;
    ends.remote.forEach((byte, index) => {
      flows.setUint8(from + index, byte);
    });
    ends.local.forEach((byte, index) => {
      flows.setUint8(from + 16 + index, byte);
    });
    flows.setUint16(from + 32, remotePort);
    flows.setUint16(from + 34, localPort);
    flows.setUint8(from + 36, ends === FOUR ? 4 : 6);
    flows.setUint8(from + 37, one.protocol);
    connections.setBigUint64(at * CONNECTION_BYTES, BigInt(NOW - silent * 1e9), true);
    connections.setUint32(at * CONNECTION_BYTES + 8, life, true);
    connections.setUint8(at * CONNECTION_BYTES + 12, PHASES.indexOf(phase));
    connections.setUint8(at * CONNECTION_BYTES + 13, Number(one.answered ?? false));
  });
  return { flows, connections, count: entries.length };
}

const ENTRIES: Entry[] = [
  { protocol: 6, localPort: 40000, remotePort: 443, phase: 'closing', answered: true },
  { protocol: 6, localPort: 22, remotePort: 50000, ends: SIX, silent: 90 },
  { protocol: 17, localPort: 40001, remotePort: 53, answered: true },
  { protocol: 17, localPort: 40002, remotePort: 53, silent: 0 },
  { protocol: 1, localPort: 443 },
  { protocol: 47 },
  { protocol: 17, localPort: 40003, remotePort: 53, silent: 101 },
];

const matching = (filter: FlowFilter) => {
  const census = new Census(filter, { skip: 0, limit: 100 });
  census.add([batch(...ENTRIES)], NOW);
  return census.page.map(({ protocol, localPort }) => `${protocol} ${localPort ?? '-'}`);
};
const network = (text: string) => {
  const found = parseCidr(text);
  if ('message' in found) throw new Error(found.message);
  return found;
};

describe('a census', () => {
  it('counts by state, and apart what is over', () => {
    const census = new Census({}, NO_PAGE);
    expect(census.add([batch(...ENTRIES.slice(0, 3)), batch(...ENTRIES.slice(3))], NOW)).toEqual({
      known: 6,
      over: 1,
      states: { closing: 1, flowing: 1, answered: 1, unanswered: 3 },
      longestSilent: 90,
    });
    expect(census.matched).toBe(6);
    expect(census.counts).toEqual([
      { protocol: 'icmp', state: 'unanswered', connections: 1 },
      { protocol: 'tcp', state: 'flowing', connections: 1 },
      { protocol: 'tcp', state: 'closing', connections: 1 },
      { protocol: 'udp', state: 'unanswered', connections: 1 },
      { protocol: 'udp', state: 'answered', connections: 1 },
      { protocol: 'gre', state: 'unanswered', connections: 1 },
    ]);
    expect(new Census({}, NO_PAGE).add([], NOW)).toEqual({ known: 0, over: 0, states: {} });
  });

  it('is over to the second that the datapath goes by, and not before', () => {
    const at = (silent: number) =>
      new Census({}, NO_PAGE).add([batch({ protocol: 17, silent, life: 30 })], NOW);
    expect(at(30)).toMatchObject({ known: 1, over: 0 });
    expect(at(30.001)).toMatchObject({ known: 0, over: 1 });
    expect(at(-0.5), 'another processor is ahead').toMatchObject({ known: 1, longestSilent: 0 });
  });

  it.each<[string, FlowFilter, string[]]>([
    ['a protocol', { protocol: 17 }, ['udp 40001', 'udp 40002']],
    ['either port', { port: [443, 443] }, ['tcp 40000']],
    ['a range, bounds included', { port: [40000, 40001] }, ['tcp 40000', 'udp 40001']],
    ['no port of a ping', { port: [0, 65535], protocol: 1 }, []],
    ['a state', { state: 'unanswered' }, ['udp 40002', 'icmp 443', 'gre -']],
    ['an address of the other end', { address: network('203.0.113.0/24'), protocol: 47 }, ['gre -']],
    ['an address of this host', { address: network('192.0.2.2'), protocol: 47 }, ['gre -']],
    ['IPv6', { address: network('2001:db8::/64') }, ['tcp 22']],
    ['everything of IPv6 alone', { address: network('::/0') }, ['tcp 22']],
    ['nothing', { address: network('192.0.2.3') }, []],
    ['all that must hold', { protocol: 17, state: 'answered', port: [53, 53] }, ['udp 40001']],
  ])('filters by %s', (_what, filter, found) => {
    expect(matching(filter)).toEqual(found);
  });

  it('keeps one page, however many there are', () => {
    const many = Array.from({ length: 50 }, (_, at) => ({ protocol: 17, localPort: at }));
    const page = (skip: number, limit: number) => {
      const census = new Census({}, { skip, limit });
      census.add([batch(...many)], NOW);
      return census.page.map(({ localPort }) => localPort);
    };
    expect(page(0, 3)).toEqual([0, 1, 2]);
    expect(page(48, 10)).toEqual([48, 49]);
    expect(page(50, 10)).toEqual([]);
  });

  it('describes a flow', () => {
    const told = ENTRIES.map((_, at) => describeFlow(batch(...ENTRIES), at, NOW));
    expect(told[0]).toEqual({
      protocol: 'tcp',
      state: 'closing',
      local: '192.0.2.2',
      localPort: 40000,
      remote: '203.0.113.9',
      remotePort: 443,
      answered: true,
      silent: 5,
      left: 95,
    });
    expect(told[1]).toMatchObject({ local: '2001:db8::2', remote: '2001:db8::9' });
    expect(told[4]).toMatchObject({ localPort: 443 });
    expect(told[4]).not.toHaveProperty('remotePort');
    expect(told[5]).not.toHaveProperty('localPort');
  });
});

it('the next packet of a flow is one of that flow, and whole', () => {
  const entries = [
    ...ENTRIES,
    { protocol: 58, ends: SIX, localPort: 7 },
    { protocol: 132, localPort: 5000, remotePort: 5001 },
    { protocol: 17, ends: SIX, localPort: 1, remotePort: 2 },
  ];
  const all = batch(...entries);
  entries.forEach((_, at) => {
    const frame = nextPacket(all, at);
    const flow = Array.from({ length: FLOW_BYTES }, (_byte, index) =>
      String.fromCharCode(all.flows.getUint8(at * FLOW_BYTES + index)),
    ).join('');
    expect(readFrame(frame, 'incoming')?.flow).toBe(flow);
    expect(parseFrame(frame).shape).not.toBe('malformed');
    expect(describeFlow(batchOf(flow, { phase: 'reset', answered: true }), 0, NOW)).toMatchObject({
      ...(entries[at]?.protocol === 6 ? { state: 'reset' } : { state: 'answered' }),
    });
  });
});

it('a filter in words', () => {
  expect(filterWords({})).toBe('');
  expect(filterWords({ port: [443, 443] })).toBe('port 443');
  expect(
    filterWords({ protocol: 200, address: network('2001:db8::/32'), port: [1, 9], state: 'answered' }),
  ).toBe('protocol 200, address 2001:db8::/32, port 1-9, state answered');
});

describe('pressure', () => {
  it.each([
    [0, 'none'],
    [799, 'none'],
    [800, 'high'],
    [949, 'high'],
    [950, 'full'],
    [1000, 'full'],
  ] as const)('of %i in a thousand is %s', (known, pressure) => {
    expect(pressureOf({ name: 'served', known, capacity: 1000 })).toBe(pressure);
  });

  it('is that of the table that has most, and what is over is none', () => {
    const empty = { name: 'opened', known: 0, capacity: 10 } as const;
    const full = { name: 'served', known: 10, capacity: 10 } as const;
    expect(highest([])).toBe('none');
    expect(highest([empty, { ...full, known: 9 }])).toBe('high');
    expect(highest([full, empty])).toBe('full');
    const table = { name: 'served', capacity: 10, known: 9, over: 1, states: {} } as const;
    expect(pressureWarnings([{ ...table, known: 1, over: 9 }])).toEqual([]);
    expect(highest([empty, { ...full, name: 'begun' }])).toBe('none');
    expect(pressureWarnings([{ ...table, name: 'begun' }])).toEqual([]);
    expect(pressureWarnings([table])).toEqual([
      'the table of served connections is 90 % full: when it is full, connections are forgotten',
    ]);
  });

  it('what made room is what was written and is neither there nor removed, and never less than none', () => {
    expect(forgottenOf(100, 10, 60)).toBe(30);
    expect(forgottenOf(5, 0, 8)).toBe(0);
  });
});
