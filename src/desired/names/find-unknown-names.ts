// Finds names that stand for nothing in a match, in files with other problems too: of lists, networks, services and ports.
import { PROTOCOLS } from '../../model/names.js';
import type { ServicePorts } from '../../model/policy.js';
import { SERVICES } from '../../model/services.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import { addressesIn, checkReference, type WrittenOptions } from '../lists/list-references.js';
import type { ListReader } from '../lists/lists.js';
import { portsByName, protocolWord } from '../policy/port-names.js';
import { FILE_NAME, SERVICE_NAME } from '../policy/values.js';
import { fieldOf, type Issue, issueAt } from '../yaml/document.js';
import { type NamedFiles, unknownFile } from './named-files.js';

/** What the files of a state directory have names for. */
export interface KnownNames {
  lists: ListReader;
  networks: NamedFiles<unknown>;
  services: NamedFiles<unknown>;
  /** `undefined` for a name that nobody knows. */
  service: (name: string) => ServicePorts[] | undefined;
}

/** `match` as it stands in the file at `path`. Reads the files that it names. */
export function findUnknownNames(
  match: unknown,
  path: PropertyKey[],
  names: KnownNames,
  options: WrittenOptions = {},
): Issue[] {
  const protocols = protocolsOf(match);
  const halves = [
    { half: match, at: path },
    { half: fieldOf(match, 'not'), at: [...path, 'not'] },
  ];
  return [
    ...addressesIn(match).flatMap(({ value, at }) => checkAddress(value, [...path, ...at], names, options)),
    ...halves.flatMap(({ half, at }) => checkServices(half, at, names, half === match ? protocols : [])),
    // A port without any protocol was refused already.
    ...(protocols.length > 0 || fieldOf(match, 'service') !== undefined ? halves : []).flatMap(
      ({ half, at }) => checkPorts(half, at, names, protocols),
    ),
  ];
}

/** What stands where an address may. */
export function checkAddress(
  value: unknown,
  path: PropertyKey[],
  { lists, networks }: KnownNames,
  options: WrittenOptions = {},
): Issue[] {
  const name = fieldOf(value, 'network');
  if (typeof name !== 'string' || !FILE_NAME.test(name)) return checkReference(value, path, lists, options);
  networks.read(name);
  if (networks.has(name)) return [];
  return [issueAt([...path, 'network'], unknownFile('network', name, 'networks', networks.names()))];
}

function checkServices(
  half: unknown,
  path: PropertyKey[],
  names: KnownNames,
  protocols: readonly number[],
): Issue[] {
  return namesIn(half, 'service').flatMap(({ name, at }) => {
    const service = names.service(name);
    if (!service) return [issueAt([...path, ...at], unknownService(name, names.services.names()))];
    const isLeft = protocols.length === 0 || service.some(({ protocol }) => protocols.includes(protocol));
    return isLeft || service.length === 0 ? [] : [issueAt([...path, ...at], leftOut(name, service))];
  });
}

function checkPorts(
  half: unknown,
  path: PropertyKey[],
  names: KnownNames,
  protocols: readonly number[],
): Issue[] {
  return ['sourcePort', 'destinationPort'].flatMap((field) =>
    namesIn(half, field).flatMap(({ name, at }) => {
      const service = names.service(name);
      if (!service) return [issueAt([...path, ...at], unknownService(name, names.services.names()))];
      const found = service.length === 0 ? [] : portsByName(name, service, protocols);
      if (Array.isArray(found)) return [];
      const { summary = 'invalid value', message, hint = '' } = found;
      return [issueAt([...path, ...at], { summary, message, hint })];
    }),
  );
}

function namesIn(half: unknown, field: string): { name: string; at: PropertyKey[] }[] {
  const value = fieldOf(half, field);
  const items = Array.isArray(value)
    ? value.map((item: unknown, index) => ({ item, at: [field, index] }))
    : [{ item: value, at: [field] }];
  return items.flatMap(({ item, at }) =>
    typeof item === 'string' && SERVICE_NAME.test(item) ? [{ name: item, at }] : [],
  );
}

/** Those that a match names; none of those that the schema refuses. */
function protocolsOf(match: unknown): number[] {
  const value = fieldOf(match, 'protocol');
  const names: Readonly<Record<string, number>> = PROTOCOLS;
  return (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
    typeof one === 'number' ? one : typeof one === 'string' ? (names[one] ?? []) : [],
  );
}

/** `own`: names of the services of the state directory. */
export function unknownService(
  name: string,
  own: readonly string[],
): { summary: string; message: string; hint: string } {
  const meant = suggest(name, [...own, ...SERVICES.keys()]);
  const add = /^(?:any|all)$/i.test(name)
    ? 'Leave it out: what a match does not name may be anything.'
    : `Write a number or a name that is known, like ssh, or add services/${name}.yaml.`;
  return {
    summary: 'unknown service',
    message: `names ${quote(name)}, which is no service that is known, and there is no file services/${name}.yaml`,
    hint: meant === undefined ? add : `Did you mean ${quote(meant)}? If not: ${add}`,
  };
}

function leftOut(name: string, service: ServicePorts[]): { summary: string; message: string; hint: string } {
  const of = service.map(({ protocol }) => protocolWord(protocol)).join(' and ');
  return {
    summary: 'contradiction',
    message: `names ${name}, a service of ${of}, which \`protocol\` leaves out`,
    hint: 'Remove `protocol`: a service says it already.',
  };
}
