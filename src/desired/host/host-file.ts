// Parses one Host file, and keeps the places of programs and policies, which are resolved later.
import { isMap, type Node } from 'yaml';
import type * as z from 'zod';
import type { ConnectionSettings } from '../../model/connections.js';
import type { DesiredInterface } from '../../model/desired.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { PacketTest, Protection } from '../../model/policy.js';
import { fieldOf, type Issue, itemsOf, readDocument, type StateDocument } from '../yaml/document.js';
import { findUnknownLists } from '../lists/list-references.js';
import type { ListReader } from '../lists/lists.js';
import { locate } from '../yaml/locate.js';
import { toMatch } from '../policy/match.js';
import { toPacketTest } from '../policy/test-schema.js';
import { NO_SAFEGUARDS, type Safeguards } from '../../model/safeguards.js';
import { toConnections } from './connection-schema.js';
import { toGuard, toProbes } from './safeguard-schema.js';
import { hostSchema, interfaceSchema, type ProgramReference } from './host-schema.js';
import type { Place, Source } from '../yaml/source.js';
import { type Field, fieldsOf } from '../yaml/yaml.js';

export interface HostInterface extends Pick<
  DesiredInterface,
  'pattern' | 'mode' | 'foreign' | 'drift' | 'at'
> {
  /** Either this or `policies`, unless there are problems. */
  program?: ProgramReference;
  /** Names of policies: one, or layers in order; none with `program`. */
  policies: { name: string; place: Place }[];
  /** Of layers as a whole, with their places; the rules that they name are not checked. */
  tests: PacketTest[];
  /** The place of a field of `program`; where it is missing, the place of the map that should have it. */
  placeOf: (field: 'builtin' | 'file' | 'function') => Place;
}

export interface HostFile {
  /** Absent when the file cannot be parsed. */
  source?: Source;
  /** In file order. */
  interfaces: HostInterface[];
  /** In file order; none after problems. */
  protections: Protection[];
  /** The place of `protect`; absent when the file has none. */
  protectPlace?: Place;
  /** None after problems. */
  safeguards: Safeguards;
  /** Absent where it says nothing of connections, and after problems. */
  connections?: ConnectionSettings;
  /** Where it says it. */
  connectionsPlace?: Place;
  /** The places of probes that run commands. */
  commands: Place[];
}

/**
 * Reads a Host file. After new `problems`, `interfaces` has only those whose program can be checked, so that problems of programs are
 * reported in the same run.
 */
export function readHostFile(
  stateDir: string,
  host: string,
  lists: ListReader,
  problems: Diagnostic[],
): HostFile {
  const file = { kind: 'host', folder: 'hosts', name: host, schema: hostSchema } as const;
  const document = readDocument(stateDir, file, (found) => findMore(found, lists), problems);
  if (!document) return { interfaces: [], protections: [], safeguards: NO_SAFEGUARDS, commands: [] };
  const safeguards = document.data ? readSafeguards(document.data) : NO_SAFEGUARDS;
  return {
    source: document.source,
    interfaces: readInterfaces(document),
    ...readProtections(document, lists),
    safeguards,
    ...(document.data?.connections && {
      connections: toConnections(document.data.connections),
      connectionsPlace: locate(document.root, ['connections'], 'key', document.source).place,
    }),
    commands: safeguards.probes.flatMap(({ target }, index) =>
      target.kind === 'exec'
        ? [locate(document.root, ['probes', index], 'value', document.source).place]
        : [],
    ),
  };
}

function readSafeguards(data: z.output<typeof hostSchema>): Safeguards {
  const guard = toGuard(data);
  return {
    probes: toProbes(data),
    ...(guard && { guard }),
    ...(data.confirm !== undefined && { confirm: data.confirm }),
  };
}

function findMore({ value, issues }: StateDocument, lists: ListReader): Issue[] {
  const protections = itemsOf(fieldOf(value, 'protect'));
  return [
    ...behindInvalidKeys(issues, value),
    ...protections.flatMap((match, at) => findUnknownLists(match, ['protect', at], lists)),
  ];
}

/** zod does not check the value of a refused key; this does, so that its problems are reported in the same run. */
function behindInvalidKeys(issues: Issue[], value: unknown): Issue[] {
  const keys = issues.filter((issue) => issue.code === 'invalid_key').map((issue) => issue.path);
  return keys.flatMap((path) => {
    const behind = path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown>)[key], value);
    const result = interfaceSchema.safeParse(behind, { reportInput: true });
    return result.error?.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] })) ?? [];
  });
}

function readInterfaces({ root, value, source }: StateDocument): HostInterface[] {
  const wanted = fieldOf(value, 'interfaces');
  return fieldsAt(root, 'interfaces').flatMap(({ key, value: node }): HostInterface[] => {
    const one = fieldOf(wanted, key.value);
    const read = [one, pick(one, 'program'), pick(one, 'policy'), pick(one, 'policies')]
      .map((value) => interfaceSchema.safeParse(value))
      .find(({ success }) => success);
    if (!read?.data || !node) return [];
    const { policy, policies = [], tests = [], ...data } = read.data;
    const placeAt = (...path: PropertyKey[]): Place => locate(node, path, 'value', source).place;
    return [
      {
        ...data,
        policies: [
          ...(policy === undefined ? [] : [{ name: policy, place: placeAt('policy') }]),
          ...policies.map((name, index) => ({ name, place: placeAt('policies', index) })),
        ],
        tests: tests.map((test, index) => toPacketTest(test, placeAt('tests', index).at)),
        pattern: key.value,
        at: source.placeAt(key.range?.[0] ?? 0).at,
        placeOf: (field) => placeAt('program', field),
      },
    ];
  });
}

function pick(value: unknown, field: string): Record<string, unknown> {
  return { [field]: fieldOf(value, field) };
}

function fieldsAt(root: Node, name: string): Field[] {
  const map = isMap(root) ? root.get(name, true) : undefined;
  return isMap(map) ? fieldsOf(map) : [];
}

function readProtections(
  { root, source, data }: StateDocument<z.output<typeof hostSchema>>,
  lists: ListReader,
): Pick<HostFile, 'protections' | 'protectPlace'> {
  const written = data?.protect ?? [];
  const protections = written.map((match, index): Protection => {
    const { at } = locate(root, ['protect', index], 'value', source).place;
    return { match: toMatch(match, (written) => lists.resolve(written)), at };
  });
  if (protections.length === 0) return { protections };
  return { protections, protectPlace: locate(root, ['protect'], 'key', source).place };
}
