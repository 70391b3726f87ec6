// A large set in the kernel holds exactly what a naive model of its ranges holds: a million addresses each, most of them at
// the edges of ranges, for lists of every shape.
import { beforeAll, expect, it } from 'vitest';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { isSetOf, layOutSet, SET_HEAD } from '../../../src/policy/compile/set-layout.js';
import { SetMaps } from '../../../src/prove/sets.js';
import * as shapes from '../../support/list-shapes.js';
import { askSet, compileQueries, QUESTIONS } from '../../support/set-questions.js';
import { policy, rule } from '../policy.js';

let object: Buffer;
beforeAll(() => {
  object = compileQueries();
});

it.each<[string, shapes.Shape, number]>([
  ['the ends of both families', shapes.ends, 4],
  ['a few hosts', shapes.host4, 5],
  ['hosts', shapes.host4, 1000],
  ['many hosts', shapes.host4, 300_000],
  ['more hosts, and some networks', shapes.mostlyHosts4, 700_000],
  ['IPv4 networks', shapes.mixed4, 3000],
  ['many IPv4 networks', shapes.mixed4, 200_000],
  ['narrow IPv4 networks', shapes.narrow4, 40_000],
  ['hosts close together', shapes.crowded4, 60_000],
  ['IPv6 networks', shapes.wide6, 1000],
  ['many IPv6 networks', shapes.wide6, 200_000],
  ['IPv6 networks of any length', shapes.deep6, 50_000],
  ['IPv6 hosts of one network', shapes.crowded6, 100_000],
  ['both families', shapes.both, 20_000],
  ['both families, narrow', shapes.narrowBoth, 60_000],
])('%s', (name, shape, count) => {
  const next = shapes.randomWords(count);
  const ranges = shapes.makeRanges(shape, count, next);
  const source = { lists: [name], digest: '00'.repeat(32), ranges: 1000, content: () => ranges };
  const tables = compilePolicy(policy([rule('listed', { source }, 'drop')]));
  using maps = new SetMaps();
  const sets = maps.open(tables.sets);
  const { wrong, held } = askSet(object, { tables, sets }, ranges, next);
  expect(wrong).toEqual([]);
  expect(held, 'addresses in the set').toBeGreaterThan(QUESTIONS / 10);
  expect(held, 'addresses outside').toBeLessThan(QUESTIONS * 0.95);
});

it('a value is the set whose digest it has, unless it says that it changes another one, as older builds had', () => {
  const digest = 'ab'.repeat(32);
  const head = layOutSet({ four: Uint32Array.of(1, 1), six: new Uint32Array() }, digest).slice(0, SET_HEAD);
  expect(isSetOf(head, digest)).toBe(true);
  expect(isSetOf(head, 'ac'.repeat(32))).toBe(false);
  head.set([0xcd], 24);
  expect(isSetOf(head, digest)).toBe(false);
});
