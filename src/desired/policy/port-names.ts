// Names where ports may stand: which ports they are depends on the protocol, and a name that one of the protocols does not have would be a
// rule that silently does not match.
import { PROTOCOLS } from '../../model/names.js';
import type { Range, ServicePorts } from '../../model/policy.js';
import type { Problem } from '../../text/wording.js';

/** The ports of a service in each of these protocols, which are those of a match. */
export function portsByName(
  name: string,
  service: readonly ServicePorts[],
  protocols: readonly number[],
): Range[] | Problem {
  const [first, ...others] = protocols.map((one) => service.find(({ protocol }) => protocol === one)?.ports);
  const has = service.map(({ protocol }) => protocolWord(protocol)).join(' and ');
  if (protocols.length === 0) {
    const hint = `Add \`protocol\`, or write \`service: ${name}\`, which is both.`;
    return {
      summary: 'port without its protocol',
      message: `says ${name}, whose ports are those of ${has}`,
      hint,
    };
  }
  if (first && others.every((ports) => JSON.stringify(ports) === JSON.stringify(first))) return first;
  return {
    summary: 'port of another protocol',
    message: `says ${name}, which is a service of ${has}, and \`protocol\` says something else`,
    hint: `Write \`service: ${name}\`, which is protocol and ports together, or the numbers.`,
  };
}

export function protocolWord(protocol: number): string {
  const [word = `${protocol}`] = Object.entries(PROTOCOLS).find(([, number]) => number === protocol) ?? [];
  return word;
}
