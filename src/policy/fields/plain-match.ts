// A match without `not` and `service`. What `not` leaves out becomes a part of what each field allows, since all values of a field but some
// are just other values; services, which are protocol and port together, become a match for each set of ports that protocols have in
// common. So the compiler and the header space know neither, and a policy without them is compiled as before. The reference
// (`matches` in registry.ts) takes no part in this: it asks both itself, and tests hold the two together.
import { PORT_PROTOCOLS } from '../../model/names.js';
import type { FieldName, Match, Range, ServicePorts } from '../../model/policy.js';
import { exceptRanges, intersectRanges } from './number-field.js';
import { FIELD_NAMES, FIELDS } from './registry.js';

const known = new WeakMap<Match, Match[]>();

/**
 * Together they match the same packets, and no packet matches two of them. One at least, and usually no more. A match that has
 * neither `not` nor `service` is returned as it is.
 */
export function plainOf<M extends Match>(match: M): M[] {
  if (!match.not && !match.service) return [match];
  const made = (known.get(match) as M[] | undefined) ?? makePlain(match);
  known.set(match, made);
  return made;
}

function makePlain<M extends Match>(match: M): M[] {
  const { not = {}, service } = match;
  const plain = { ...match };
  delete plain.not;
  delete plain.service;
  for (const name of FIELD_NAMES) leaveOut(name, plain, not);
  if (!service && !not.service) return [plain];
  const groups = groupByPorts(portsOf(plain, service, not.service));
  return (groups.length > 0 ? groups : [NOTHING]).map((ports) => ({ ...plain, ...ports }));
}

/** Of a rule that no packet can match, too, the datapath knows what it asks for. */
const NOTHING = { protocol: [], destinationPort: [] };

function leaveOut<N extends FieldName>(name: N, from: Pick<Match, N>, not: Pick<Match, N>): void {
  const values = not[name];
  if (values !== undefined) from[name] = FIELDS[name].except(from[name], values);
}

const ANY_PORT: Range[] = [{ from: 0, to: 0xffff }];

/** The destination ports that are left of each protocol, where some are. */
function portsOf(
  { protocol, destinationPort = ANY_PORT }: Match,
  service: ServicePorts[] | undefined,
  not: ServicePorts[] = [],
): ServicePorts[] {
  const of = (services: ServicePorts[], number: number): Range[] =>
    services.flatMap((one) => (one.protocol === number ? one.ports : []));
  return PORT_PROTOCOLS.filter(
    (one) => !protocol || protocol.some(({ from, to }) => from <= one && one <= to),
  )
    .map((one) => {
      const asked = service ? intersectRanges(of(service, one), destinationPort) : destinationPort;
      return { protocol: one, ports: exceptRanges(asked, of(not, one)) };
    })
    .filter(({ ports }) => ports.length > 0);
}

/** Protocols with the same ports are one match, so that most services are. */
function groupByPorts(services: ServicePorts[]): { protocol: Range[]; destinationPort: Range[] }[] {
  const groups = new Map<string, { protocol: Range[]; destinationPort: Range[] }>();
  for (const { protocol, ports } of services) {
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { protocol: [], destinationPort: ports };
    group.protocol.push({ from: protocol, to: protocol });
    groups.set(key, group);
  }
  return [...groups.values()];
}
