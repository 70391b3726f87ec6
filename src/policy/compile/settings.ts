// The settings of a policy that hold for all packets, in the order of bpf/settings.h: switches, numbers, and the last
// offset in the tables at which something may begin.
import { ANSWERED_ROW } from '../../model/policy.js';
import type { Settings, TableBinding } from '../../model/tables.js';
import type { DimensionName } from '../fields/dimension.js';
import { DIMENSION_NAMES, LAST_COMMON } from '../fields/registry.js';
import { LEAF } from './blob.js';

/** Single switches of `enum key`; FIELD, GROUP, MAPPED and MEMBER begin rows of them. */
export const KEY = {
  protect: 0,
  conditional: 1,
  neighborDiscoveryPass: 2,
  nonIpMatch: 3,
  fragmentMatch: 4,
  audit: 5,
  log: 6,
  cpu: 7,
  interface: 8,
  tx: 9,
  direct: 10,
  until: 11,
  limit: 12,
  limitSource: 13,
  uncommon: 14,
  source: 15,
  destination: 16,
  special: 17,
  blocks: 18,
  limitDestination: 19,
  limitAddress: 20,
  limitBytes: 21,
  count: 26,
  reject: 27,
  next: 28,
  noEthernet: 30,
  frags: 31,
} as const;
/** Those that a policy turns on itself; the others follow. */
export type Key = Exclude<
  keyof typeof KEY,
  'uncommon' | 'source' | 'destination' | 'special' | 'blocks' | 'noEthernet' | 'frags' | 'limitAddress'
>;

const SPECIAL: Key[] = ['audit', 'log', 'cpu', 'interface', 'tx', 'reject'];
const FIRST_UNCOMMON = DIMENSION_NAMES.indexOf(LAST_COMMON) + 1;

/** Fields, groups or slots in a row: so many dimensions there can be. */
export const ROW = 16;
const MEMBER = 80;
const SET = MEMBER + ROW * ROW;
/** First numbers of rows; behind `setDestination` lies one that is always off, which objects of older builds ask about. */
export const KEY_ROW = {
  field: 32,
  group: 48,
  mapped: 64,
  member: MEMBER,
  set: SET,
  setDestination: SET + ROW,
  node: SET + 3 * ROW,
  node6: SET + 4 * ROW,
} as const;
const KEYS = KEY_ROW.node6 + ROW;

/** `enum number` */
export const NUMBER = {
  words: 0,
  protected: 1,
  steps: 2,
  taiOffset: 3,
  records: 4,
  decisions: 5,
  ways: 6,
  answered: 7,
} as const;
export const NUMBER_ROW = { base: 16, root: 32, root6: 48, absent: 64, boundSet: 80 } as const;
/** The last row is that of the same objects. */
const NUMBERS = NUMBER_ROW.boundSet + 2 * ROW;

/** Bytes of what may begin at `enum bound`; of a vector as many as it could have. */
export const BOUND_BYTES = { entry: 4, vector: 33 * 8, record: 64, test: 40 } as const;
/** The most that is read at a place of a large set. */
const SET_REACH = 128;

export interface FieldSettings {
  /** Byte of a row, or of a node where `isNode`; else an entry. */
  root: number;
  isNode: boolean;
  /** Addresses only. */
  root6?: number;
  isNode6?: boolean;
  /** A leaf. */
  absent: number;
  group: number;
}

interface GroupSettings {
  /** What the sum of its fields' leaves is added to, were they without their mark. */
  base: number;
  /** The sum is the place of a table entry and not a vector itself. */
  mapped: boolean;
}

export interface PolicySettings {
  on: ReadonlySet<Key>;
  groups: GroupSettings[];
  fields: Map<DimensionName, FieldSettings>;
  /** Large sets, by slot. */
  sets: { direction: 'source' | 'destination' }[];
  /** 64 rules each. */
  words: number;
  /** Rule bits below this are protect entries. */
  protected: number;
  steps: number;
  /** Bytes of the blob of tables. */
  size: number;
  /** Bytes of the blob at which the records and their decisions begin. */
  records: number;
  decisions: number;
  /** Bytes from a table of decisions to that of what is met behind them; 0 where there is none. */
  ways: number;
}

export function encodeSettings(policy: PolicySettings): Settings {
  const keys = new Uint8Array(KEYS);
  const numbers = new Uint32Array(NUMBERS);
  for (const key of policy.on) keys[KEY[key]] = 1;
  keys[KEY.special] = Number(SPECIAL.some((key) => policy.on.has(key)));
  keys[KEY.uncommon] = Number(
    DIMENSION_NAMES.some(
      (name, field) => field >= FIRST_UNCOMMON && name !== 'connection' && policy.fields.has(name),
    ),
  );
  const needs = (direction: 'source' | 'destination'): boolean =>
    policy.fields.has(direction) || policy.sets.some((set) => set.direction === direction);
  keys[KEY.source] = Number(needs('source') || policy.on.has('limitSource'));
  keys[KEY.destination] = Number(needs('destination') || policy.on.has('limitDestination'));
  keys[KEY.limitAddress] = Number(policy.on.has('limitSource') || policy.on.has('limitDestination'));
  policy.sets.forEach(({ direction }, slot) => {
    keys[KEY_ROW.set + slot] = 1;
    keys[KEY_ROW.setDestination + slot] = Number(direction === 'destination');
  });
  numbers[NUMBER.words] = policy.words;
  numbers[NUMBER.protected] = policy.protected;
  numbers[NUMBER.steps] = policy.steps;
  numbers[NUMBER.records] = policy.records;
  numbers[NUMBER.decisions] = policy.decisions;
  numbers[NUMBER.ways] = policy.ways;
  policy.groups.forEach(({ base, mapped }, group) => {
    keys[KEY_ROW.group + group] = 1;
    keys[KEY_ROW.mapped + group] = Number(mapped);
    numbers[NUMBER_ROW.base + group] = base;
  });
  DIMENSION_NAMES.forEach((name, field) => {
    const one = policy.fields.get(name);
    if (!one) return;
    keys[KEY_ROW.field + field] = 1;
    keys[KEY_ROW.member + ROW * one.group + field] = 1;
    numbers[NUMBER_ROW.root + field] = one.root;
    numbers[NUMBER_ROW.root6 + field] = one.root6 ?? 0;
    keys[KEY_ROW.node + field] = Number(one.isNode);
    keys[KEY_ROW.node6 + field] = Number(one.isNode6 ?? false);
    numbers[NUMBER_ROW.absent + field] = one.absent;
    const base = NUMBER_ROW.base + one.group;
    numbers[base] = (numbers[base] ?? 0) + LEAF; // the field's leaf takes it away again, modulo 2^32
  });
  const sizes = Object.values(BOUND_BYTES);
  return { keys, numbers, bounds: Uint32Array.from(sizes, (bytes) => Math.max(0, policy.size - bytes)) };
}

/** What only the host knows: clocks, the sizes of the large sets by slot, whether anybody has blocked something, and frames. */
export function bindSettings(
  settings: Settings,
  { slots, taiOffset, sets, blocks, frames }: Omit<TableBinding, 'ifindexes'>,
): Settings {
  const keys = settings.keys.slice();
  const numbers = settings.numbers.slice();
  numbers[NUMBER.taiOffset] = taiOffset;
  numbers[NUMBER.answered] = slots.get(ANSWERED_ROW) ?? 0;
  sets.forEach(({ bytes }, slot) => {
    numbers[NUMBER_ROW.boundSet + slot] = bytes - SET_REACH;
  });
  keys[KEY.frags] = Number(frames.frags);
  keys[KEY.noEthernet] = Number(frames.noEthernet);
  if (blocks) keys[KEY.blocks] = keys[KEY.source] = 1;
  return { ...settings, keys, numbers };
}
