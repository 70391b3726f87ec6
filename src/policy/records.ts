// The bytes of struct record in bpf/tables.h: what becomes of a packet that a row or rule decides.
import { BUILTIN_ROWS, type Action, type Policy, type Rule } from '../model/policy.js';
import type { RecordOwner, TableBinding } from '../model/tables.js';
import { FEATURE } from './settings.js';

const RECORD_BYTES = 40;
const SECOND = 1_000_000_000;

/** enum xdp_action, uapi/linux/bpf.h. */
const XDP = { drop: 1, pass: 2, tx: 3, redirect: 4 } as const;
const FLAG = { limit: 0x100, limitSource: 0x200, until: 0x400, log: 0x800, cpu: 0x1000 } as const;

export interface Records {
  bytes: Uint8Array;
  owners: RecordOwner[];
  /** FEATURE bits that the records need. */
  features: number;
}

/** The built-in rows, then one record for each protect entry, then one for each rule. */
export function encodeRecords(policy: Policy, protections: number): Records {
  const rows = [
    XDP.pass,
    XDP[policy.malformed],
    policy.fragments === 'drop' ? XDP.drop : XDP.pass,
    policy.nonIp === 'drop' ? XDP.drop : XDP.pass,
    XDP[policy.default],
  ];
  const plain = [...rows, ...Array.from({ length: protections }, () => XDP.pass)];
  const bytes = new Uint8Array((plain.length + policy.rules.length) * RECORD_BYTES);
  const owners: RecordOwner[] = plain.map((_, index) => ({ row: BUILTIN_ROWS[index] ?? '(protect)' }));
  plain.forEach((verdict, index) => {
    view(bytes, index).setUint32(0, verdict, true);
  });
  let features = 0;
  policy.rules.forEach((rule, index) => {
    features |= encodeRule(view(bytes, plain.length + index), rule);
    owners.push({ row: rule.name, ...redirectTarget(rule.action) });
  });
  return { bytes, owners, features };
}

/** A blob, whose records begin at byte `at`, with what only the host knows. A row without a slot, or a target without an ifindex, throws a RangeError. */
export function bindRecords(
  blob: Uint8Array,
  at: number,
  owners: RecordOwner[],
  binding: TableBinding,
): Uint8Array {
  const bound = blob.slice();
  const records = bound.subarray(at);
  owners.forEach((owner, index) => {
    const slot = binding.slots.get(owner.row);
    if (slot === undefined) throw new RangeError(`no counter slot for ${owner.row}`);
    view(records, index).setUint32(4, slot, true);
    if (owner.interface === undefined) return;
    const ifindex = binding.ifindexes.get(owner.interface);
    if (ifindex === undefined) throw new RangeError(`no ifindex for ${owner.interface}`);
    view(records, index).setUint32(8, ifindex, true);
  });
  return bound;
}

function view(bytes: Uint8Array, index: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + index * RECORD_BYTES, RECORD_BYTES);
}

function redirectTarget(action: Action): { interface?: string } {
  return action.kind === 'redirect' && 'interface' in action ? { interface: action.interface } : {};
}

function encodeRule(record: DataView, rule: Rule): number {
  let flags: number = XDP[rule.action.kind];
  let features = 0;
  if (rule.action.kind === 'tx') features |= FEATURE.tx;
  if (rule.action.kind === 'redirect' && 'cpu' in rule.action) {
    flags |= FLAG.cpu;
    features |= FEATURE.cpu;
    record.setUint32(8, rule.action.cpu, true);
  } else if (rule.action.kind === 'redirect') features |= FEATURE.interface;
  if (rule.log) {
    flags |= FLAG.log;
    features |= FEATURE.log;
    record.setUint32(12, Math.floor(0xffffffff / rule.log.oneIn), true);
  }
  if (rule.rateLimit) {
    const interval = Math.max(1, Math.round(SECOND / rule.rateLimit.packetsPerSecond));
    const bySource = rule.rateLimit.per === 'source';
    flags |= FLAG.limit | (bySource ? FLAG.limitSource : 0);
    features |= FEATURE.conditional | FEATURE.limit | (bySource ? FEATURE.limitSource : 0);
    record.setBigUint64(16, BigInt(interval), true);
    record.setBigUint64(24, BigInt(interval) * BigInt(rule.rateLimit.burst - 1), true);
  }
  if (rule.until !== undefined) {
    flags |= FLAG.until;
    features |= FEATURE.conditional | FEATURE.until;
    record.setBigUint64(32, BigInt(rule.until) * 1_000_000n, true); // ns
  }
  record.setUint32(0, flags, true);
  return features;
}
