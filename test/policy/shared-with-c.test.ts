// Every constant that TypeScript and the datapath (bpf/) both have is the same in both, as clang says; and no macro of a header is
// left out of the question.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONNECTION_SHIFT, QUESTION, QUESTION_BYTES, WITH_BLOCKS } from '../../src/kernel/ask-policy.js';
import { FAMILY_BITS, KEY_BYTES } from '../../src/kernel/blocks.js';
import { COUNT_BYTES } from '../../src/kernel/counters.js';
import { readElf } from '../../src/kernel/elf.js';
import { GRACE_BYTES } from '../../src/kernel/connection-tables.js';
import { RECORDED_BYTES } from '../../src/kernel/recorded.js';
import * as samples from '../../src/kernel/samples.js';
import * as marks from '../../src/kernel/specialize.js';
import { MOST_BLOCKS } from '../../src/model/blocks.js';
import {
  CONNECTION,
  CONNECTION_BYTES,
  entriesOf,
  FLOW,
  FLOW_BYTES,
  FLOW_TABLES,
  LIVES,
  OPENED_FROM,
  PHASES,
  REASSEMBLY,
  SHARED_TABLES,
} from '../../src/model/connections.js';
import { TCP_FLAGS } from '../../src/model/names.js';
import {
  BUILTIN_ROWS,
  CONNECTION_STATES,
  MAX_LAYERS,
  MAX_PROTECT,
  MAX_RULES,
} from '../../src/model/policy.js';
import { FATES, SAYS_COUNT, SAYS_NEXT, SAYS_REJECT, XDP_ACTIONS } from '../../src/model/sample.js';
import { MOST_SETS } from '../../src/model/tables.js';
import * as blob from '../../src/policy/compile/blob.js';
import { LIMIT_OF_RULES, SOURCES } from '../../src/policy/compile/compile.js';
import { ROW_ENTRIES, TEST_WORDS } from '../../src/policy/compile/lookup.js';
import * as records from '../../src/policy/compile/records.js';
import * as set from '../../src/policy/compile/set-layout.js';
import { BOUND_BYTES, KEY, KEY_ROW, NUMBER, NUMBER_ROW, ROW } from '../../src/policy/compile/settings.js';
import { FAMILY, TAP_BYTES } from '../../src/policy/compile/tap.js';
import { baseKey, FRAGMENTS } from '../../src/policy/fields/base.js';
import { ND_FIRST, ND_HOPS, ND_LAST } from '../../src/policy/fields/icmp-type.js';
import { DIMENSION_NAMES, DIMENSIONS, LAST_COMMON } from '../../src/policy/fields/registry.js';
import { VLAN_NONE } from '../../src/policy/fields/vlan.js';
import { EXTENSIONS, LONGEST_PACKET, VLAN_TAGS } from '../../src/policy/packet/parse.js';
import { COST_SHIFT, TICK_SHIFT } from '../../src/policy/rate-limit.js';
import { evaluateC } from '../support/c-constants.js';

/** `sourcePort` -> `SOURCE_PORT` */
function macroName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function named(prefix: string, values: Record<string, number>): [string, number][] {
  return Object.entries(values).map(([name, value]) => [`${prefix}_${macroName(name)}`, value]);
}

function offsets(struct: string, members: Record<string, number>): [string, number][] {
  const named = (member: string): string => member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.entries(members).map(([member, at]) => [`offsetof(struct ${struct}, ${named(member)})`, at]);
}

/** `uint`s of a map's definition are sizes of arrays. */
function mapSize(map: string): string {
  return `sizeof(*((typeof(${map}) *)0)->max_entries) / sizeof(int)`;
}

const SHARED: [c: string, value: number][] = [
  // fields.h, settings.h
  ...DIMENSION_NAMES.map((name, at): [string, number] => [`FIELD_${macroName(name)}`, at]),
  ['FIELDS', DIMENSION_NAMES.length],
  ['GROUPS', DIMENSION_NAMES.length - 1], // the connection is in the first one
  ['1 EACH_OTHER_GROUP(PLUS_ONE, 0)', DIMENSION_NAMES.length - 1],
  ['0 EACH_COMMON_FIELD(PLUS_ONE)', DIMENSION_NAMES.indexOf(LAST_COMMON) + 1],
  ['SETS', MOST_SETS],
  ['0 EACH_SET(PLUS_ONE)', MOST_SETS],
  ...named('KEY', KEY),
  ...named('KEY', KEY_ROW),
  ...named('NUMBER', NUMBER),
  ...named('NUMBER', NUMBER_ROW),
  ...Object.keys(BOUND_BYTES).map((name, at): [string, number] => [`BOUND_${macroName(name)}`, at]),
  ['MARK_KEY >> 16', marks.MARK_KEY],
  ['MARK_NUMBER >> 16', marks.MARK_NUMBER],
  ['MARK_BOUND >> 16', marks.MARK_BOUND],
  ['MARK_ANCHOR >> 16', marks.MARK_ANCHOR],
  // packet.h, parse.h
  ['VLAN_TAGS', VLAN_TAGS],
  ['EXTENSIONS', EXTENSIONS],
  ['LONGEST_PACKET', LONGEST_PACKET],
  ['VLAN_NONE', VLAN_NONE],
  ['BASE_IPV4', baseKey(4, 'none', 0)],
  ['BASE_IPV6', baseKey(6, 'none', 0)],
  ['PRESENT', 1], // compile/lookup.ts puts one entry in front of a row,
  ['PRESENT_SHORT >> 8', 1], // and one row in front of rows
  ...FRAGMENTS.map((kind, at): [string, number] => [`FRAGMENT_${macroName(kind)}`, at]),
  ['ND_FIRST', ND_FIRST],
  ['ND_LAST', ND_LAST],
  ['ND_HOPS', ND_HOPS],
  // tables.h
  ['MAX_WORDS * 64 >= MAX_OF_RULES', 1],
  ['sizeof(__u32)', BOUND_BYTES.entry],
  ['sizeof(struct vector)', BOUND_BYTES.vector],
  ['sizeof(struct record)', BOUND_BYTES.record],
  ['sizeof(struct test)', BOUND_BYTES.test],
  ['sizeof(struct test)', TEST_WORDS * 4],
  ['ENTRY_LEAF', blob.LEAF],
  ['ENTRY_TEST', blob.TEST],
  ['ENTRY_LOW', blob.LOW],
  ['ENTRY_OFFSET(0xffffffff)', blob.MAX_BYTES - blob.LINE_WORDS * 4],
  ...BUILTIN_ROWS.map((row, at): [string, number] => [
    `ROW_${row.slice(1, -1).replace('-', '_').toUpperCase()}`,
    at,
  ]),
  ['ROWS', BUILTIN_ROWS.length],
  [`DECISION_RECORD(5 << ${records.RECORD_SHIFT})`, 5],
  ['DECISION_RECORD(0xffffffff)', records.RECORD_MASK],
  [`DECISION_SLOT(7 << ${records.SLOT_SHIFT})`, 7],
  [`DECISION_VERDICT(0xff) + 1`, 1 << records.RECORD_SHIFT],
  ...named('RECORD', records.FLAG),
  ...offsets('record', { flags: 0, target: 4, sample: 8, interval: 16, slack: 24, until: 32 }),
  ...offsets('record', { four: 40, six_hi: 48, six_lo: 56 }),
  ['TICK_SHIFT', TICK_SHIFT],
  ['COST_SHIFT', COST_SHIFT],
  ['sizeof(struct count)', COUNT_BYTES],
  ...XDP_ACTIONS.map((name, at): [string, number] => [`XDP_${macroName(name)}`, at]),
  // set.h
  ['SET_BLOCK', set.BLOCK],
  ['SET_LEVELS', set.LEVELS],
  ['SET_UNIT', set.SET_HEAD],
  ['SET_SHORT - 2', set.SHORT],
  ['SET_NODE >> 32', set.NODE],
  ['HEAD_ELSEWHERE', set.ELSEWHERE],
  ['HEAD_HOSTS', set.NO_HOST],
  ['sizeof(struct set)', set.SET_HEAD],
  ...offsets('set', { four: 0, six: 8, deep: 16, digest: set.DIGEST_AT }),
  ['sizeof(struct set_node)', set.SET_HEAD],
  ...offsets('set_node', { low: 0, shift: 8, last: 12, is_short: 16 }),
  // tap.h
  ['FAMILY_FOUR', FAMILY[4]],
  ['FAMILY_SIX', FAMILY[6]],
  ['FAMILY_OTHER', FAMILY.other],
  ['sizeof(struct tap)', TAP_BYTES],
  ...offsets('tap', { until: 0, verdicts: 8, families: 12, protocols: 16, source: 48, destination: 72 }),
  ...offsets('tap', { source_low: 96, source_high: 98, destination_low: 100, destination_high: 102 }),
  ...offsets('tap_end', { low4: 0, high4: 4, low6: 8, high6: 16 }),
  // events.h
  ['SAMPLE_BYTES', samples.SAMPLE_BYTES],
  ['KEPT_WATCHED', samples.KEPT_WATCHED],
  ...offsets('sample', {
    time: 0,
    ifindex: 8,
    slot: 12,
    verdict: 16,
    fate: 20,
    length: 24,
    kept: 28,
    why: 30,
  }),
  ['offsetof(struct sample, frame)', samples.HEAD_BYTES],
  ['sizeof(struct sampling)', samples.SAMPLING_BYTES],
  ['offsetof(struct sampling, lost)', 0],
  [mapSize('samples'), samples.RING_BYTES],
  // act.h, blocks.h, conditions.h
  ['QUESTION', QUESTION],
  ['QUESTION_WITH_BLOCKS', WITH_BLOCKS],
  ['sizeof(struct question)', QUESTION_BYTES],
  ...offsets('question', { magic: 0, record: 4 }),
  ['BLOCKS', MOST_BLOCKS],
  ['BLOCK_BITS(0)', FAMILY_BITS],
  ['sizeof(struct block_key)', KEY_BYTES],
  ...offsets('block_key', { length: 0, family: 4, hi: 8, lo: 16 }),
  [mapSize('sources'), SOURCES],
  ['LIMIT_OF_RULES', LIMIT_OF_RULES],
  // flow.h, connections.h, connection_state.h
  ['QUESTION_CONNECTION(5 << 8)', 5],
  ['8', CONNECTION_SHIFT],
  ['DECISION_CONNECTION', records.ASKS_CONNECTION],
  ['DECISION_GOES_ON', records.GOES_ON],
  ['SAYS_COUNT', SAYS_COUNT],
  ['SAYS_REJECT', SAYS_REJECT],
  ['SAYS_REJECT', FATES.indexOf('reject')],
  ['SAYS_NEXT', SAYS_NEXT],
  ['MAX_LAYERS', MAX_LAYERS],
  ['DECISION_STATE(5 << STATE_SHIFT)', 5],
  [`DECISION_STATE(DECISION_CONNECTION | 0x3fff | 1 << ${records.SLOT_SHIFT})`, 0],
  ['OPENED_FROM', OPENED_FROM],
  ['FLOW_TAGS', VLAN_TAGS],
  ['sizeof(struct flow)', FLOW_BYTES],
  ...offsets('flow', FLOW),
  ['sizeof(struct connection)', CONNECTION_BYTES],
  ...offsets('connection', CONNECTION),
  ['sizeof(struct recorded)', RECORDED_BYTES],
  ...offsets('recorded', { flows: 0, revived: 8, moved: 16 }),
  ...FLOW_TABLES.map((table, at): [string, number] => [`TABLE_${macroName(table)}`, at]),
  ...CONNECTION_STATES.map((state, at): [string, number] => [`CONNECTION_${macroName(state)}`, at + 1]),
  ...PHASES.map((phase, at): [string, number] => [`PHASE_${macroName(phase)}`, at]),
  ['PHASES', PHASES.length],
  ['sizeof(struct datagram)', CONNECTION_BYTES],
  ...offsets('datagram', { seen: 0, state: 8 }),
  ['sizeof(struct grace)', GRACE_BYTES],
  ...offsets('grace', { until: 0, packets: 8 }),
  ['REASSEMBLY', REASSEMBLY],
  ...SHARED_TABLES.map((table): [string, number] => [mapSize(table), entriesOf(table)]),
  ...(['fin', 'syn', 'rst', 'ack', 'urg'] as const).map((flag): [string, number] => [
    `TCP_${flag.toUpperCase()}`,
    TCP_FLAGS[flag],
  ]),
];

/** struct lives (bpf/egress.bpf.c). */
const LIVES_IN_C = [
  ...PHASES.map((phase) => LIVES.tcp[phase]),
  ...[LIVES.udp, LIVES.udpAnswered, LIVES.icmp, LIVES.sctp, LIVES.other],
];

/** Macros that only the datapath has. */
const OF_C = [
  ...[
    'ASK',
    'NOT_BLOCKED',
    'BEGIN',
    'ADD_TO',
    'ADD',
    'LOOK_UP',
    'NAME_FIELD',
    'NEAR',
    'NEAR_SUM',
    'SUM',
    'AND_WORD',
    'KEEP',
  ],
  ...['FIND_base', 'FIND_address', 'FIND_short', 'FIND_small', 'FIND_mac', 'FIND_sets', 'FIND_VECTOR'],
  ...['AND_SUMMARY', 'AND_COMMON', 'SWAPS', 'SECOND', 'MALFORMED_INTERVAL', 'KEPT_SAMPLED', 'MAX_HEADERS'],
  ...['DISCOVERY_RATE', 'DISCOVERY_BURST'],
  ...['FORGET', 'BASE_MASK', 'SET_STEPS', 'SET_PLACE', 'SET_BLOCKS', 'SET_INSIDE', 'HEAD_INSIDE', 'HALVES'],
  ...['FRAME', 'NOT_IP', 'SECOND_NS', 'CONNECTION_TABLE', 'WITH_CONNECTIONS', 'WITH_ACTIONS'],
  ...['WITH_CONNTRACK', 'CURRENT_NETNS', 'DIRECTION_REPLY', 'SEEN_REPLY'], // bpf/conntrack.h
  ...[
    'ANSWER_RATE',
    'ANSWER_BURST',
    'QUOTE_WORDS',
    'SHORTEST_FRAME',
    'ANSWER_HOPS',
    'TOS_CONTROL',
    'ICMPV6_UNREACHABLE',
  ],
  ...['ICMP_ECHO_REPLY', 'ICMP_UNREACHABLE', 'ICMP_QUENCH', 'ICMP_REDIRECT', 'ICMP_ECHO_REQUEST'],
  ...['ICMP_TIME_EXCEEDED', 'ICMP_PARAMETER_PROBLEM', 'ICMPV6_ECHO_REQUEST', 'ICMPV6_ECHO_REPLY'],
  ...['SET_MAP', 'SET_SLOT', 'ENTRY_SHIFT', 'FIRST_BYTE', 'LATER_FRAGMENT', 'EACH_UNCOMMON_FIELD'],
];

const HEADERS = readdirSync('bpf').filter((name) => name.endsWith('.h'));

it('what both have is the same in both', () => {
  const defines = `\n#define PLUS_ONE(...) + 1\n#define MAX_OF_RULES ${MAX_RULES + MAX_PROTECT}\n`;
  const values = evaluateC(
    SHARED.map(([c]) => c),
    defines,
  );
  const said = SHARED.map(([c], at): [string, number] => [c, Number(values[at])]);
  expect(said).toEqual(SHARED);
});

it('flows live as long in the kernel as the documents say', () => {
  const object = readFileSync('dist/bpf/egress.bpf.o');
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  const at = readElf(object).sections.find(({ name }) => name === '.data.lives')?.from ?? 0;
  expect(LIVES_IN_C.map((_, index) => view.getUint32(at + index * 4, true))).toEqual(LIVES_IN_C);
  const text = readFileSync('docs/connections.md', 'utf8').replaceAll(/(\d),(\d)/g, '$1$2');
  for (const seconds of LIVES_IN_C) expect(text).toMatch(new RegExp(String.raw`[|,] ${seconds}\b`));
});

it('every macro of a header is compared, or is the datapath’s own', () => {
  const macros = HEADERS.flatMap((name) =>
    [...readFileSync(`bpf/${name}`, 'utf8').matchAll(/^#define (\w+)/gm)].map(([, macro = '']) => macro),
  );
  const compared = SHARED.map(([c]) => c).join('\n');
  const forgotten = macros.filter(
    (macro) => !OF_C.includes(macro) && !new RegExp(String.raw`\b${macro}\b`).test(compared),
  );
  expect(forgotten).toEqual([]);
  expect(OF_C.filter((macro) => !macros.includes(macro))).toEqual([]);
});

it('every dimension is looked up in C as its table is laid out', () => {
  const text = readFileSync('bpf/fields.h', 'utf8');
  const lines = [...text.matchAll(/\bdo\(([A-Z_]+), (\w+), \w+\)/g)].map(([, name, found]) => [name, found]);
  const expected = DIMENSION_NAMES.filter((name) => name !== 'connection').map((name) => {
    const dimension = DIMENSIONS[name];
    if (dimension.lookup === 'address')
      return [macroName(name), dimension.width(4) === 4 ? 'mac' : 'address'];
    if (name === 'base' || name === 'sets') return [macroName(name), name];
    return [macroName(name), dimension.values > ROW_ENTRIES ? 'short' : 'small'];
  });
  expect(lines).toEqual(expected);
  expect(DIMENSION_NAMES.length).toBeLessThanOrEqual(ROW);
});
