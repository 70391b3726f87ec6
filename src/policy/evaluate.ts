// What a policy means: the reference that the datapath is held against. One packet, one decision, every rule looked
// at in order. The order of decisions is the contract: malformed, protect entries, neighbour discovery, blocks, non-IP,
// later fragments, the rules, the default. (A malformed frame has no fields that could be trusted, so that no protect entry
// can match it: it makes no difference that it comes first.)
import type {
  Action,
  AddressSet,
  BuiltinRow,
  Match,
  Policy,
  Protection,
  Range,
  Rule,
  Verdict,
} from '../model/policy.js';
import { contains } from '../addresses/ranges.js';
import { parseFrame, type IpFields, type LinkFields } from './packet/parse.js';
import { isAudited } from './row-verdict.js';

/** What a decision depends on beside the packet. */
export interface Circumstances {
  /** Wall clock, ms since 1970 (UTC); default: before every deadline. */
  now?: number;
  /** Does this packet find the rule's bucket empty? Default: never. */
  exceeds?: (rule: Rule) => boolean;
  /** Has an operator blocked this source (4 or 16 bytes)? Default: none. */
  isBlocked?: (source: Uint8Array) => boolean;
}

export interface Decision {
  /** What the kernel returns: in audit mode `pass`, unless a block decides. */
  verdict: Verdict;
  /** What the row or rule says, audit or not. */
  action: Action;
  /** Rule name, or the built-in row that counts the packet. Neighbour discovery counts as `(protect)`. */
  row: string;
  /** Absent when a built-in row decided. */
  rule?: Rule;
}

export function evaluate(
  policy: Policy,
  protections: Protection[],
  frame: Uint8Array,
  circumstances: Circumstances = {},
): Decision {
  const builtin = (row: BuiltinRow, kind: 'pass' | 'drop'): Decision => decided(policy, row, { kind });
  const parsed = parseFrame(frame);
  if (parsed.shape === 'malformed') return builtin('(malformed)', policy.malformed);
  const { fields } = parsed;
  if (protections.some(({ match }) => matches(match, fields))) return builtin('(protect)', 'pass');
  if (policy.neighborDiscovery === 'pass' && isNeighborDiscovery(fields)) return builtin('(protect)', 'pass');
  if (isBlocked(fields, circumstances)) return builtin('(blocked)', 'drop');
  if (parsed.shape === 'non-ip' && policy.nonIp !== 'match') return builtin('(non-ip)', policy.nonIp);
  if (isLater(fields) && policy.fragments !== 'match') return builtin('(fragments)', policy.fragments);
  const rule = policy.rules.find((one) => matches(one.match, fields) && applies(one, circumstances));
  return rule ? { ...decided(policy, rule.name, rule.action), rule } : builtin('(default)', policy.default);
}

function decided(policy: Policy, row: string, action: Action): Decision {
  return { verdict: isAudited(policy, row) ? 'pass' : action.kind, action, row };
}

function applies(rule: Rule, { now, exceeds }: Circumstances): boolean {
  if (rule.until !== undefined && now !== undefined && now >= rule.until) return false;
  return !rule.rateLimit || (exceeds?.(rule) ?? false);
}

type Fields = LinkFields & Partial<IpFields>;

function isNeighborDiscovery({ family, icmpType }: Fields): boolean {
  return family === 6 && icmpType !== undefined && icmpType >= 133 && icmpType <= 137;
}

function isBlocked({ source }: Fields, circumstances: Circumstances): boolean {
  return source !== undefined && (circumstances.isBlocked?.(source) ?? false);
}

function isLater({ fragment }: Fields): boolean {
  return fragment === 'later';
}

/** A field that the packet does not have agrees only with a match that does not ask for it. */
export function matches(match: Match, fields: Fields): boolean {
  const { family, fragment, tcpFlags } = match;
  return (
    (!family || (fields.family !== undefined && family.includes(fields.family))) &&
    (!fragment || (fields.fragment !== undefined && fragment.includes(fields.fragment))) &&
    (!tcpFlags ||
      tcpFlags.some(({ mask, value }) => has(fields.tcpFlags) && (fields.tcpFlags & mask) === value)) &&
    NUMERIC.every((name) => inRanges(match[name], fields[name])) &&
    inSet(match.source, fields.source) &&
    inSet(match.destination, fields.destination) &&
    (!match.vlan || match.vlan.includes(fields.vlan)) &&
    (!match.sourceMac || match.sourceMac.includes(fields.sourceMac)) &&
    (!match.destinationMac || match.destinationMac.includes(fields.destinationMac))
  );
}

const NUMERIC = [
  'protocol',
  'sourcePort',
  'destinationPort',
  'icmpType',
  'icmpCode',
  'length',
  'ttl',
  'dscp',
  'etherType',
] as const;

function has(value: number | undefined): value is number {
  return value !== undefined;
}

function inRanges(ranges: Range[] | undefined, value: number | undefined): boolean {
  return !ranges || (has(value) && ranges.some(({ from, to }) => from <= value && value <= to));
}

function inSet(set: AddressSet | undefined, address: Uint8Array | undefined): boolean {
  return !set || (address !== undefined && contains(set.content(), address));
}
