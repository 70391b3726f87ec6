// Compiles a policy, with the host's protect entries in front, to the tables of bpf/firewall.bpf.c: a bit-vector
// classifier. It decides nothing about packets; it moves the comparison of rules from every packet to here. Refuses what
// does not fit.
import { SHARED_TABLES } from '../../model/connections.js';
import { answers, asksConnections } from '../../model/desired.js';
import { RefusedError } from '../../model/errors.js';
import {
  ANSWERED_ROW,
  BUILTIN_ROWS,
  MAX_COUNTS,
  MAX_PROTECT,
  MAX_RULES,
  type Policy,
  type Protection,
} from '../../model/policy.js';
import type { FirewallTables, TableBinding } from '../../model/tables.js';
import { nextLayer } from '../layers.js';
import { type Bits, Classes, first } from './bits.js';
import { Blob, leafEntry, nodeOf } from './blob.js';
import { classifyFields, type FieldClasses } from './field-classes.js';
import type { DimensionName } from '../fields/dimension.js';
import { plainOf } from '../fields/plain-match.js';
import { groupFields } from './groups.js';
import { separateSets } from './large-sets.js';
import { Lookup, type LeafValue } from './lookup.js';
import { bindRecords, encodeRecords } from './records.js';
import { bindSettings, encodeSettings, type FieldSettings, type Key } from './settings.js';

const ROWS = BUILTIN_ROWS.length;
const DEFAULT_ROW = BUILTIN_ROWS.indexOf('(default)');
/** Addresses whose buckets are remembered at once, at least; the least recently seen one is forgotten. */
export const SOURCES = 65536;
/** Of the buckets that are not for addresses the first is that of neighbour discovery. */
export const LIMIT_OF_RULES = 1;

/** Entries of tables of connections that are no host's: for questions. */
const UNUSED = 1024;

/** Throws a RefusedError when there are more rules or protect entries than the program has bits for. */
export function compilePolicy(policy: Policy, protections: Protection[] = []): FirewallTables {
  if (policy.rules.length > MAX_RULES || protections.length > MAX_PROTECT) {
    throw new RefusedError(
      `policy ${policy.name} has more than ${MAX_RULES} rules or ${MAX_PROTECT} protections`,
      {
        hint: 'Join rules that differ in one field into one with a list, or use address lists.',
      },
    );
  }
  if (policy.rules.filter(({ action }) => action.kind === 'count').length > MAX_COUNTS)
    throw new RefusedError(`policy ${policy.name} has more than ${MAX_COUNTS} rules that only count`, {
      hint: 'Join some: rules that decide count their packets as well.',
    });
  const { matches, sets } = separateSets([...protections, ...policy.rules].map((rule) => rule.match));
  const words = Math.max(1, Math.ceil(matches.length / 64));
  const classes = new Classes(words * 2);
  const groups = groupFields(classifyFields(matches.map(plainOf), words * 2), classes, matches.length);
  const records = encodeRecords(policy, protections.length);
  const direct = groups.length === 1 && !records.on.has('conditional');
  const mapped = groups.map((group) => direct || group.fields.length !== 1);
  const blob = new Blob();
  const lookup = new Lookup(blob);
  const vectors = direct ? [] : layVectors(blob, classes);
  const leaves = records.on.has('next');
  const way = (number: number): number[] => wayOf(classes.at(number), policy, protections.length);
  // What a group's vector or decision is found by; sums of mapped groups are bytes as well.
  const entry = (number: number): number =>
    direct ? (records.decisions[way(number)[0] ?? 0] ?? 0) : (vectors[number] ?? 0);
  const fields = new Map<DimensionName, FieldSettings>();
  groups.forEach((group, index) => {
    for (const { field, stride } of group.fields) {
      const value: LeafValue = (number) =>
        mapped[index] ? number * stride * 4 : entry(group.table[number] ?? 0);
      fields.set(field.name, {
        ...layField(lookup, field, value),
        group: index,
      });
    }
  });
  const placed = groups.map((group, index) => {
    const base = mapped[index] ? blob.add(group.table.map(entry)) * 4 : 0;
    return { base, mapped: mapped[index] === true };
  });
  const ways =
    direct && leaves
      ? layWays(blob, groups[0]?.table ?? new Uint32Array(), way, records.decisions)
      : undefined;
  const recordsAt = blob.add(new Uint32Array(records.bytes.buffer)) * 4;
  const decisionsAt = blob.add(records.decisions) * 4;
  const [table] = placed;
  const bytes = blob.bytes();
  const settings = encodeSettings({
    on: new Set([...records.on, ...switches(policy, protections, direct)]),
    groups: placed,
    fields,
    sets,
    words,
    protected: protections.length,
    steps: lookup.steps,
    size: bytes.length,
    records: recordsAt,
    decisions: decisionsAt,
    ways: ways && table ? ways.places - table.base : 0,
  });
  return {
    settings,
    blob: bytes,
    records: recordsAt,
    decisions: [
      [decisionsAt, decisionsAt + records.decisions.byteLength],
      ...(direct && table ? [extent(table.base, groups[0]?.table)] : []),
      ...(ways ? [ways.decisions] : []),
    ],
    owners: [...records.owners, ...(answers(policy) ? [{ row: ANSWERED_ROW }] : [])],
    dynamic: dynamicMaps(records.on, matches.length, policy),
    sets,
    cpus: policy.rules.flatMap(({ action }) =>
      action.kind === 'redirect' && 'cpu' in action ? [action.cpu] : [],
    ),
    frags: false,
  };
}

/** Adds what only the host knows. Throws a RangeError for a row without a slot or a target without an ifindex. */
export function bindTables(tables: FirewallTables, binding: TableBinding): FirewallTables {
  return {
    ...tables,
    settings: bindSettings(tables.settings, binding),
    blob: bindRecords(tables, binding),
    frags: binding.frames.frags,
  };
}

function switches(policy: Policy, protections: Protection[], direct: boolean): Key[] {
  const all: [Key, boolean][] = [
    ['protect', protections.length > 0],
    ['neighborDiscoveryPass', policy.neighborDiscovery === 'pass'],
    ['nonIpMatch', policy.nonIp === 'match'],
    ['fragmentMatch', policy.fragments === 'match'],
    ['audit', policy.mode === 'audit'],
    ['direct', direct],
  ];
  return all.flatMap(([key, on]) => (on ? [key] : []));
}

/** Bytes of a table that lies at byte `from`. */
function extent(from: number, table: Uint32Array = new Uint32Array()): [number, number] {
  return [from, from + table.byteLength];
}

/** The records that a packet meets for which these rules agree: those that leave their layers, then the one that decides. */
function wayOf(agreeing: Bits, policy: Policy, protections: number): number[] {
  const way: number[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const bit = first(agreeing, from);
    way.push(bit === -1 ? DEFAULT_ROW : ROWS + bit);
    from = bit === -1 ? undefined : policyBit(policy, bit, protections);
  }
  return way;
}

/** Where a packet goes on behind the rule of a bit; `undefined` where it does not. */
function policyBit(policy: Policy, bit: number, protections: number): number | undefined {
  const index = bit - protections;
  if (policy.rules[index]?.action.kind !== 'next') return undefined;
  const next = nextLayer(policy, index);
  return next === undefined ? undefined : protections + next;
}

/**
 * For a table of decisions: behind each entry that leaves its layer, what its packets meet next. `places` is a second table like the first,
 * of the bytes at which that begins; `decisions` from where to where it lies.
 */
function layWays(
  blob: Blob,
  table: Uint32Array,
  way: (number: number) => number[],
  decisions: Uint32Array,
): { places: number; decisions: [number, number] } {
  const known = new Map<number, number>();
  const rest: number[] = [];
  for (const number of table) {
    if (known.has(number)) continue;
    known.set(number, rest.length);
    rest.push(
      ...way(number)
        .slice(1)
        .map((record) => decisions[record] ?? 0),
    );
  }
  const words = Uint32Array.from(rest.length > 0 ? rest : [0]);
  const at = blob.add(words) * 4;
  const places = blob.add(table.map((number) => at + (known.get(number) ?? 0) * 4)) * 4;
  return { places, decisions: extent(at, words) };
}

function layField(lookup: Lookup, field: FieldClasses, value: LeafValue): Omit<FieldSettings, 'group'> {
  const absent = leafEntry(value(field.absent));
  if (field.kind === 'number') {
    const lacking = field.dimension.isAlwaysThere ? undefined : field.absent;
    return { root: lookup.addNumbers(field.byValue, value, lacking), isNode: false, absent };
  }
  const six = startOf(lookup.addAddresses(field.six, value, 2));
  return {
    ...startOf(lookup.addAddresses(field.four, value, 1)),
    root6: six.root,
    isNode6: six.isNode,
    absent,
  };
}

/** Where a lookup starts: a node by its place alone, else an entry. */
function startOf(entry: number): { root: number; isNode: boolean } {
  const node = nodeOf(entry);
  return node === undefined ? { root: entry, isNode: false } : { root: node, isNode: true };
}

/** struct vector: which words are not zero, then the words. Class -> place in bytes. */
function layVectors(blob: Blob, classes: Classes): number[] {
  const vector = new Uint32Array(2 + classes.words);
  return classes.sets.map((set) => {
    let summary = 0;
    for (let word = 0; word < set.length; word++) if (set[word] !== 0) summary |= 1 << (word >>> 1);
    vector[0] = summary;
    vector.set(set, 2);
    return blob.add(vector) * 4;
  });
}

/** Buckets of addresses: those of all rules are in one map. */
function sourcesOf({ rules }: Policy): number {
  const asked = rules.map(({ rateLimit }) =>
    rateLimit && rateLimit.per !== 'rule' ? (rateLimit.sources ?? 0) : 0,
  );
  return Math.max(
    SOURCES,
    asked.reduce((sum, one) => sum + one, 0),
  );
}

function dynamicMaps(used: ReadonlySet<Key>, rules: number, policy: Policy): Record<string, number> {
  const cpus = policy.rules.map(({ action }) =>
    action.kind === 'redirect' && 'cpu' in action ? action.cpu + 1 : 0,
  );
  return {
    ...(used.has('limit') || policy.neighborDiscovery === 'pass' ? { limits: LIMIT_OF_RULES + rules } : {}),
    ...(used.has('limitSource') || used.has('limitDestination') ? { sources: sourcesOf(policy) } : {}),
    ...(used.has('reject') ? { answers: 1, refusals: 1 } : {}),
    ...(used.has('cpu') ? { cpus: Math.max(...cpus) } : {}),
    ...(asksConnections(policy) ? Object.fromEntries(SHARED_TABLES.map((name) => [name, UNUSED])) : {}),
  };
}
