// Encodes what happens to a packet that a row decides, as in bpf/tables.h: struct record, and the one-word decision that
// most packets need.
import { asks } from '../../model/match.js';
import {
  type Action,
  BUILTIN_ROWS,
  type Policy,
  REJECT_CODES,
  type PrefixLengths,
  type RateLimit,
  type Rule,
} from '../../model/policy.js';
import { SAYS_COUNT, SAYS_NEXT, SAYS_REJECT } from '../../model/sample.js';
import { asksConnections } from '../../model/desired.js';
import type { FirewallTables, RecordOwner, TableBinding } from '../../model/tables.js';
import { nextLayer } from '../layers.js';
import { bucketOf, fillOf, FILLS, WHOLE_ADDRESS } from '../rate-limit.js';
import { BOUND_BYTES, type Key } from './settings.js';

const RECORD_BYTES = BOUND_BYTES.record;

/** enum xdp_action, uapi/linux/bpf.h. */
const XDP = { drop: 1, pass: 2, tx: 3, redirect: 4 } as const;
export const FLAG = {
  limit: 0x100,
  limitSource: 0x200,
  until: 0x400,
  log: 0x800,
  cpu: 0x1000,
  limitDestination: 0x2000,
  limitBytes: 0x4000,
  limitBelow: 0x8000,
} as const;

/** Bits of a decision: the verdict, the index of the record, the slot. */
export const RECORD_SHIFT = 3;
export const RECORD_MASK = 0x7ff;
export const SLOT_SHIFT = 20;
/** The rule asks about the connection. */
export const ASKS_CONNECTION = 0x4000;
/** The rule decides nothing: the search goes on. */
export const GOES_ON = 0x40000;

export interface Records {
  bytes: Uint8Array;
  /** Record -> its decision, with slot 0 until bound to a host. */
  decisions: Uint32Array;
  owners: RecordOwner[];
  /** Switches that the records need. */
  on: ReadonlySet<Key>;
}

/** The built-in rows, then one record for each protect entry, then one for each rule. */
export function encodeRecords(policy: Policy, protections: number): Records {
  const rows = [
    XDP.pass,
    XDP[policy.malformed],
    policy.fragments === 'drop' ? XDP.drop : XDP.pass,
    policy.nonIp === 'drop' ? XDP.drop : XDP.pass,
    policy.default === 'drop' ? XDP.drop : XDP.pass, // what goes on to no layer is asked about, and never attached
    XDP.drop,
  ];
  const plain = [...rows, ...Array.from({ length: protections }, () => XDP.pass)];
  const bytes = new Uint8Array((plain.length + policy.rules.length) * RECORD_BYTES);
  const owners: RecordOwner[] = plain.map((_, index) => ({ row: BUILTIN_ROWS[index] ?? '(protect)' }));
  const on = new Set<Key>();
  policy.rules.forEach((rule, index) => {
    encodeRule(view(bytes, plain.length + index), rule, on);
    encodeNext(view(bytes, plain.length + index), protections, nextOf(policy, index), on);
    owners.push({ row: rule.name, ...redirectTarget(rule.action) });
  });
  // A second search, informed of the connection, would count again what leaves its layer.
  if (on.has('next') && asksConnections(policy)) on.add('conditional');
  const verdicts = [...plain, ...policy.rules.map((rule, index) => decisionOf(rule, nextOf(policy, index)))];
  const decisions = Uint32Array.from(verdicts, (verdict, index) => verdict | (index << RECORD_SHIFT));
  return { bytes, decisions, owners, on };
}

/** The blob with what only the host knows. A row without a slot, or a target without an ifindex, throws a RangeError. */
export function bindRecords(tables: FirewallTables, binding: TableBinding): Uint8Array {
  const { owners, decisions } = tables;
  const bound = new Uint8Array(tables.blob);
  const records = bound.subarray(tables.records);
  const slots = owners.map(({ row }) => {
    const slot = binding.slots.get(row);
    if (slot === undefined) throw new RangeError(`no counter slot for ${row}`);
    return slot;
  });
  owners.forEach((owner, index) => {
    if (owner.interface === undefined) return;
    const ifindex = binding.ifindexes.get(owner.interface);
    if (ifindex === undefined) throw new RangeError(`no ifindex for ${owner.interface}`);
    view(records, index).setUint32(4, ifindex, true);
  });
  for (const [from, to] of decisions) {
    const words = new Uint32Array(bound.buffer, from, (to - from) / 4);
    words.forEach((word, at) => {
      words[at] = word | ((slots[(word >>> RECORD_SHIFT) & RECORD_MASK] ?? 0) << SLOT_SHIFT);
    });
  }
  return bound;
}

function view(bytes: Uint8Array, index: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + index * RECORD_BYTES, RECORD_BYTES);
}

function redirectTarget(action: Action): { interface?: string } {
  return action.kind === 'redirect' && 'interface' in action ? { interface: action.interface } : {};
}

/** Of a rule that leaves its layer: the index of the first rule of the next one. */
function nextOf(policy: Policy, index: number): number | undefined {
  return policy.rules[index]?.action.kind === 'next' ? nextLayer(policy, index) : undefined;
}

function encodeNext(record: DataView, protections: number, next: number | undefined, on: Set<Key>): void {
  if (next === undefined) return;
  record.setUint32(4, protections + next, true);
  on.add('next').add('count');
}

/** Without its index and slot. */
function decisionOf({ action, match }: Rule, next: number | undefined): number {
  const does = next === undefined ? verdictOf(action) : SAYS_NEXT | GOES_ON;
  return does | (asks(match, 'connection') ? ASKS_CONNECTION : 0);
}

/** What goes on to no layer passes. */
function verdictOf({ kind }: Action): number {
  if (kind === 'count') return SAYS_COUNT | GOES_ON;
  if (kind === 'reject') return SAYS_REJECT;
  return kind === 'next' ? XDP.pass : XDP[kind];
}

function encodeRule(record: DataView, rule: Rule, on: Set<Key>): void {
  let flags = 0;
  if (rule.action.kind === 'count') on.add('conditional').add('count');
  if (rule.action.kind === 'tx') on.add('tx');
  if (rule.action.kind === 'reject') {
    const { icmp, icmpv6 } = REJECT_CODES[rule.action.icmp];
    on.add('reject');
    record.setUint32(4, icmp | (icmpv6 << 8), true);
  }
  if (rule.action.kind === 'redirect' && 'cpu' in rule.action) {
    flags |= FLAG.cpu;
    on.add('cpu');
    record.setUint32(4, rule.action.cpu, true);
  } else if (rule.action.kind === 'redirect') on.add('interface');
  if (rule.log) {
    flags |= FLAG.log;
    on.add('log');
    record.setUint32(8, Math.floor(0xffffffff / rule.log.oneIn), true);
  }
  if (rule.rateLimit) flags |= encodeLimit(record, rule.rateLimit, on);
  if (rule.until !== undefined) {
    flags |= FLAG.until;
    on.add('conditional').add('until');
    record.setBigUint64(32, BigInt(rule.until) * 1_000_000n, true); // ns
  }
  record.setUint32(0, flags, true);
}

/** Its flags. */
function encodeLimit(record: DataView, limit: RateLimit, on: Set<Key>): number {
  const { interval, slack } = bucketOf(limit);
  record.setBigUint64(16, interval, true);
  record.setBigUint64(24, slack, true);
  on.add('conditional').add('limit');
  let flags: number = FLAG.limit;
  if (limit.when === 'below') flags |= FLAG.limitBelow;
  if (FILLS[fillOf(limit).name].of === 'bytes') {
    flags |= FLAG.limitBytes;
    on.add('limitBytes');
  }
  if (limit.per === 'rule') return flags;
  encodePrefix(record, limit.prefix ?? WHOLE_ADDRESS);
  const direction = limit.per === 'source' ? 'limitSource' : 'limitDestination';
  on.add(direction);
  return flags | FLAG[direction];
}

/** IPv4 addresses are in the upper half of their first word (struct address). */
function encodePrefix(record: DataView, { ipv4, ipv6 }: PrefixLengths): void {
  const WORD = 64n;
  const first = (bits: number): bigint => ((1n << BigInt(bits)) - 1n) << (WORD - BigInt(bits));
  record.setBigUint64(40, first(ipv4), true);
  record.setBigUint64(48, first(Math.min(64, ipv6)), true);
  record.setBigUint64(56, first(Math.max(0, ipv6 - 64)), true);
}
