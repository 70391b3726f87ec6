// The reference semantics of a policy, with which tests compare the datapath: one packet, one decision, every rule tried in turn. The
// order, which is that of bpf/decide.h, with the same names:
// 1. decideMalformed: a malformed frame. Its fields cannot be trusted, so no protect entry matches it.
// 2. decideEarly: non-IP, blocks, neighbour discovery, later fragments; a protect entry that matches overrides these.
// 3. decideByRules: protect entries, the rules, the default.
import { asksConnections } from '../model/desired.js';
import type {
  BuiltinRow,
  ConnectionState,
  Ending,
  Policy,
  Protection,
  Rule,
  Verdict,
} from '../model/policy.js';
import { stateIfNothingIsKnown } from './connections/connections.js';
import type { PacketFields } from './fields/field.js';
import { ND_FIRST, ND_HOPS, ND_LAST } from './fields/icmp-type.js';
import { matches } from './fields/registry.js';
import { nextLayer } from './layers.js';
import { type Parsed, parseFrame } from './packet/parse.js';
import { isAudited } from './row-verdict.js';

/** What a decision depends on besides the policy and the packet. */
export interface Circumstances {
  /** Wall clock, ms since 1970 (UTC); default: before every deadline. */
  now?: number;
  /** Does this packet find the rule's bucket empty? Default: never. */
  exceeds?: (rule: Rule) => boolean;
  /** Does the interface receive more neighbour discovery than passes without the rules? Default: no. */
  discoveryExceeds?: boolean;
  /** Has an operator blocked this source (4 or 16 bytes)? Default: none. */
  isBlocked?: (source: Uint8Array) => boolean;
  /** What the packet is to the connections of the host; default: what one of no known connection is. */
  connection?: ConnectionState;
}

export interface Decision {
  /** What the kernel returns: in audit mode `pass`, unless a block decides; `pass` for what goes on to no layer. */
  verdict: Verdict;
  /** The action of the row or rule, in audit mode too. */
  action: Ending;
  /** Rule name, or the built-in row that counts the packet. Neighbour discovery counts as `(protect)`. */
  row: string;
  /** Absent when a built-in row decided. */
  rule?: Rule;
  /** Names of the rules that counted the packet on its way, in order; absent when none did. */
  counted?: string[];
}

/** A policy on a host, at a moment. */
interface Question {
  policy: Policy;
  protections: Protection[];
  circumstances: Circumstances;
}

type Packet = Exclude<Parsed, { shape: 'malformed' }>;

export function evaluate(
  policy: Policy,
  protections: Protection[],
  frame: Uint8Array,
  circumstances: Circumstances = {},
): Decision {
  const question = { policy, protections, circumstances };
  const packet = withConnection(frame, policy, circumstances);
  if (packet.shape === 'malformed') return decideMalformed(question);
  const early = decideEarly(question, packet);
  if (!early) return decideByRules(question, packet);
  return isProtected(question, packet) ? builtin(policy, '(protect)', 'pass') : early;
}

/** The connection is read where a rule asks about it: that is a second way through the frame. */
function withConnection(frame: Uint8Array, policy: Policy, { connection }: Circumstances): Parsed {
  const packet = parseFrame(frame);
  if (packet.shape !== 'ip' || !asksConnections(policy)) return packet;
  const state = connection ?? stateIfNothingIsKnown(frame);
  return { ...packet, fields: { ...packet.fields, ...(state && { connection: state }) } };
}

function decideMalformed({ policy }: Question): Decision {
  return builtin(policy, '(malformed)', policy.malformed);
}

/** The decision of a row before the rules, unless a protect entry matches; `undefined` when there is none. */
function decideEarly({ policy, circumstances }: Question, { shape, fields }: Packet): Decision | undefined {
  if (shape === 'non-ip')
    return policy.nonIp === 'match' ? undefined : builtin(policy, '(non-ip)', policy.nonIp);
  if (isBlocked(fields, circumstances)) return builtin(policy, '(blocked)', 'drop');
  if (policy.neighborDiscovery === 'pass' && isNeighborDiscovery(fields) && !circumstances.discoveryExceeds)
    return builtin(policy, '(protect)', 'pass');
  if (policy.fragments !== 'match' && fields.fragment === 'later')
    return builtin(policy, '(fragments)', policy.fragments);
  return undefined;
}

/** Protect entries, the rules, the default. */
function decideByRules(question: Question, packet: Packet): Decision {
  const { policy, circumstances } = question;
  if (isProtected(question, packet)) return builtin(policy, '(protect)', 'pass');
  const counted: string[] = [];
  let end = 0; // of the layer that a rule has left
  for (const [index, rule] of policy.rules.entries()) {
    const { name, action } = rule;
    if (index < end || !matches(rule.match, packet.fields) || !applies(rule, circumstances)) continue;
    const next = action.kind === 'next' ? nextLayer(policy, index) : undefined;
    if (action.kind !== 'count' && next === undefined)
      return { ...decided(policy, name, action), rule, ...withCounted(counted) };
    counted.push(name);
    end = next ?? end;
  }
  return { ...builtin(policy, '(default)', policy.default), ...withCounted(counted) };
}

function withCounted(counted: string[]): Pick<Decision, 'counted'> {
  return counted.length > 0 ? { counted } : {};
}

function builtin(policy: Policy, row: BuiltinRow, kind: Policy['default']): Decision {
  return decided(policy, row, { kind });
}

function decided(policy: Policy, row: string, action: Ending): Decision {
  return { verdict: isAudited(policy, row) || action.kind === 'next' ? 'pass' : action.kind, action, row };
}

function isProtected({ protections }: Question, { fields }: Packet): boolean {
  return protections.some(({ match }) => matches(match, fields));
}

function applies(rule: Rule, { now, exceeds }: Circumstances): boolean {
  if (rule.until !== undefined && now !== undefined && now >= rule.until) return false;
  if (!rule.rateLimit) return true;
  return (exceeds?.(rule) ?? false) === (rule.rateLimit.when !== 'below');
}

function isNeighborDiscovery({ family, icmpType, ttl }: PacketFields): boolean {
  if (family !== 6 || ttl !== ND_HOPS || icmpType === undefined) return false;
  return icmpType >= ND_FIRST && icmpType <= ND_LAST;
}

function isBlocked({ source }: PacketFields, circumstances: Circumstances): boolean {
  return source !== undefined && (circumstances.isBlocked?.(source) ?? false);
}
