// Interfaces without an Ethernet header (decision 0122): there a policy is another instance, whose program reads packets from
// the IP header on.
import type { DesiredProgram } from '../model/desired.js';
import type { ObservedInterface } from '../model/observed.js';

/** In a digest, behind its first part: no number, which an ifindex is. */
const NO_ETHERNET = 'ip';

/** The program as an instance on this interface. */
export function boundToLink(
  program: DesiredProgram,
  observed: ObservedInterface | undefined,
): DesiredProgram {
  if (!program.firewall || observed?.framing !== 'ip') return program;
  const [base, ...rest] = program.digest.split('-');
  return { ...program, digest: [base, NO_ETHERNET, ...rest].join('-'), noEthernet: true };
}

/** Does this instance read packets from the IP header on? */
export function readsIpFirst(digest: string): boolean {
  return digest.split('-')[1] === NO_ETHERNET;
}
