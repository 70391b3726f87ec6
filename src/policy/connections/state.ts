// What a packet is to a host that knows no connection it could belong to, from its own fields. The same decisions, in the same words:
// bpf/connection_state.h.
import { PROTOCOLS, TCP_FLAGS } from '../../model/names.js';
import type { ConnectionState } from '../../model/policy.js';
import type { PacketFields } from '../fields/field.js';

const { syn, ack, rst, fin } = TCP_FLAGS;
const DECISIVE = syn | ack | rst | fin;

/** Does a packet that opens a connection carry these flags? */
export function opens(flags: number): boolean {
  return (flags & DECISIVE) === syn;
}

/** ICMP types that only make sense about, or in answer to, something: errors and echo replies. */
const ICMP_ANSWERS: ReadonlySet<number> = new Set([0, 3, 4, 5, 11, 12]);
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;

function isIcmpAnswer(family: 4 | 6, type: number): boolean {
  if (family === 4) return ICMP_ANSWERS.has(type);
  return type < ICMPV6_ECHO_REQUEST || type === ICMPV6_ECHO_REPLY;
}

/** Of an IP packet. */
export function stateOfStranger({
  family = 4,
  fragment,
  protocol,
  tcpFlags = 0,
  icmpType,
}: PacketFields): ConnectionState {
  if (fragment === 'later') return 'invalid';
  if (protocol === PROTOCOLS.tcp) return opens(tcpFlags) ? 'new' : 'invalid';
  return icmpType !== undefined && isIcmpAnswer(family, icmpType) ? 'invalid' : 'new';
}
