// What a match says, in a rule and in `protect`. Refused beside wrong values: whatever match-check.ts finds.
import { PORT_PROTOCOLS } from '../../model/names.js';
import type { AddressSet, Match, Range, ServicePorts } from '../../model/policy.js';
import type { IcmpName, PortName, WrittenAddress, WrittenMatch } from '../../policy/fields/field.js';
import { icmpTypeNumber } from '../../policy/fields/icmp-type.js';
import { exceptRanges } from '../../policy/fields/number-field.js';
import { checkFields } from '../yaml/check-fields.js';
import { findContradictions } from './match-check.js';
import { matchFields } from './match-fields.js';

export const matchSchema = matchFields
  .superRefine(...checkFields<WrittenMatch>(findContradictions))
  .describe('Fields are ANDed, values of one field ORed; no field matches everything.');

/** What names stand for. */
export interface Resolver {
  addresses: (written: WrittenAddress[]) => AddressSet;
  service: (name: string) => ServicePorts[];
  /** Of a name where ports may stand, in a match of these protocols. */
  ports: (name: string, protocols: readonly number[]) => Range[];
}

/** Only for a match that was not refused. */
export function toMatch({ not, ...written }: WrittenMatch, resolver: Resolver): Match {
  const protocols = written.protocol?.map(({ from }) => from) ?? [];
  return {
    ...toFields(written, protocols, resolver),
    ...(not && { not: toFields(not, protocols, resolver) }),
  };
}

/** `protocols`: those of the match, with which ICMP types and names of ports have numbers. */
function toFields(
  { source, destination, icmpType, sourcePort, destinationPort, service, ...rest }: Omit<WrittenMatch, 'not'>,
  protocols: number[],
  resolver: Resolver,
): Omit<Match, 'not'> {
  const toPorts = (port: Range | PortName): Range[] =>
    'portName' in port ? resolver.ports(port.portName, protocols) : [port];
  return {
    ...rest,
    ...(source && { source: resolver.addresses(source) }),
    ...(destination && { destination: resolver.addresses(destination) }),
    ...(sourcePort && { sourcePort: sourcePort.flatMap(toPorts) }),
    ...(destinationPort && { destinationPort: destinationPort.flatMap(toPorts) }),
    ...(icmpType && { icmpType: icmpType.map((type) => toIcmpRange(type, protocols)) }),
    ...(service && { service: joinServices(service.flatMap(resolver.service)) }),
  };
}

/** Each protocol once, in order. */
function joinServices(services: ServicePorts[]): ServicePorts[] {
  return PORT_PROTOCOLS.flatMap((protocol) => {
    const ports = services.flatMap((one) => (one.protocol === protocol ? one.ports : []));
    return ports.length > 0 ? [{ protocol, ports: exceptRanges(ports, []) }] : [];
  });
}

function toIcmpRange(type: Range | IcmpName, protocols: number[]): Range {
  if (!('icmpName' in type)) return type;
  const number = icmpTypeNumber(type, protocols);
  if (typeof number === 'number') return { from: number, to: number };
  throw new TypeError(`an unresolvable ICMP type was not refused: ${number.message}`);
}
