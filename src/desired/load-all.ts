// Loads all state files (validate, lint, test): without the cache, so that everything is parsed.
import type { DesiredState, HostPolicy } from '../model/desired.js';
import type { Policy } from '../model/policy.js';
import { byPlace, type Diagnostic, InvalidStateError } from '../model/diagnostic.js';
import type { ListCounts } from '../model/object-store.js';
import { describeStray, stateFilePath } from './folders.js';
import { listHosts, requireHost } from './host/hosts.js';
import { readHostFile } from './host/host-file.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { ListReader, type ReadList } from './lists/lists.js';
import type { ProgramOptions } from './programs/programs.js';
import type { Source } from './yaml/source.js';
import type { LintOptions } from '../model/repository.js';
import { innerDefault } from '../policy/layers.js';
import { StateReader } from './state-reader.js';

/** What a list was read to. */
export interface ListSummary extends ListCounts {
  name: string;
  /** Relative to the state directory. */
  file: string;
  /** What its entries leave once duplicates, overlaps and neighbours are joined. */
  ranges: number;
}

export interface Validation {
  /** The hosts that were read, sorted. */
  hosts: string[];
  /** What they want: complete unless there are errors. */
  states: DesiredState[];
  /** The policies and lists that were read, sorted. */
  policies: string[];
  lists: string[];
  /** The lists that are right. */
  parsed: ListSummary[];
  /** Files that were not read: of other hosts, or named by nothing of this host. Sorted. */
  leftOut: string[];
  /** Sorted by file and place; without an error among them everything is valid. */
  diagnostics: Diagnostic[];
}

/** What is known of the hosts beside the state files. */
export interface HostRights {
  /** Are commands of probes run here? */
  exec: boolean;
}

/** Of probes that run commands, which a host refuses unless its config file allows them. */
export function warnOfCommands(
  stateDir: string,
  hosts: readonly string[],
  { exec }: HostRights,
): Diagnostic[] {
  if (exec) return [];
  const lists = new ListReader(stateDir, [], new MemoryObjectStore());
  return hosts
    .flatMap((host) => readHostFile(stateDir, host, lists, []).commands)
    .map((place) => ({
      severity: 'warning',
      summary: 'command of a probe',
      detail:
        'a host refuses every change with this probe, unless its config file allows commands of state files',
      hint: 'Add `probes: {exec: allow}` to /etc/xdpkeep/config.yaml of the host, or use another kind of probe.',
      ...place,
    }));
}

/** Reads all files, or those of one host and what it names. Throws a HostNotFoundError. */
export async function validateState(
  options: ProgramOptions,
  rights: HostRights,
  host?: string,
): Promise<Validation> {
  if (host !== undefined) requireHost(options.stateDir, host);
  const { names, strays } = listHosts(options.stateDir);
  const hosts = host === undefined ? names : [host];
  const reader = new StateReader(options);
  const states: DesiredState[] = [];
  for (const name of hosts) states.push((await reader.readHost(name)).desired);
  if (host === undefined) {
    reader.diagnostics.push(...strays.map((stray) => describeStray('hosts', stray)));
    reader.readShared();
  }
  const { policies, lists, diagnostics } = reader;
  diagnostics.push(...warnOfCommands(options.stateDir, hosts, rights));
  return {
    hosts,
    states,
    policies: policies.namesRead(),
    lists: [...new Set(lists.all().map(({ name }) => name))],
    parsed: lists.all().flatMap(summarizeList),
    leftOut: host === undefined ? [] : leftOut(reader, names, host),
    diagnostics: diagnostics.sort(byPlace),
  };
}

function leftOut({ policies, groups, lists }: StateReader, hosts: string[], host: string): string[] {
  const policiesRead = new Set(policies.namesRead());
  const listsRead = new Set(lists.all().map(({ name }) => name));
  return [
    ...hosts.filter((name) => name !== host).map((name) => stateFilePath('hosts', name)),
    ...policies
      .names()
      .filter((name) => !policiesRead.has(name))
      .map((name) => stateFilePath('policies', name)),
    ...groups
      .names()
      .filter((name) => !groups.sources.has(name))
      .map((name) => stateFilePath('rulegroups', name)),
    ...lists
      .names()
      .filter((name) => !listsRead.has(name))
      .map((name) => stateFilePath('lists', name)),
  ].sort();
}

function summarizeList({ name, file, set, counts, sha256 }: ReadList): ListSummary[] {
  return sha256 === undefined ? [] : [{ name, file, ...counts, ranges: set.ranges }];
}

export interface LoadedPolicies {
  /**
   * Those of the host's interfaces first, behind its `protect` entries; then all others, with nothing in front. One that is a layer of any
   * host with another one behind it has the default of such a layer.
   */
  firewalls: HostPolicy[];
  /** Texts of the file of a policy and of the groups that it uses, by its name. */
  sources: ReadonlyMap<string, Source[]>;
  /** Policies made of layers, of all hosts, each once. */
  stacks: Policy[];
  /** What the repository asks of each rule. */
  lint: LintOptions;
  /** False when the state directory has no file for the host, or none was asked for. */
  hasHost: boolean;
  warnings: Diagnostic[];
}

/** Reads all policies and, of the hosts, which layers they run. Throws an InvalidStateError or a HostNotFoundError. */
export function loadPolicies(options: ProgramOptions, host?: string): LoadedPolicies {
  const hosts = listHosts(options.stateDir).names;
  const hasHost = hosts.some((name) => name === host);
  const reader = new StateReader(options);
  const own = host !== undefined && hasHost ? reader.readFirewalls(host) : [];
  const lint = reader.readShared();
  const diagnostics = reader.diagnostics.sort(byPlace);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InvalidStateError(diagnostics);
  const stacks = listStacks(options, hosts);
  const others = reader.policies.names().flatMap((name): HostPolicy[] => {
    const policy = reader.policies.read(name);
    return policy && own.every((one) => one.policy !== policy) ? [{ policy, protections: [] }] : [];
  });
  const inner = new Set(stacks.flatMap(({ layers = [] }) => layers.slice(0, -1).map(({ name }) => name)));
  return {
    firewalls: [...own, ...others].map(({ policy, ...rest }) => {
      return {
        policy: inner.has(policy.name) ? { ...policy, default: innerDefault(policy) } : policy,
        ...rest,
      };
    }),
    sources: new Map(reader.policies.names().map((name) => [name, reader.policies.textsOf(name)])),
    lint,
    stacks,
    hasHost,
    warnings: diagnostics,
  };
}

/** Of hosts that can be read: another one that cannot is a matter of `validate`. */
function listStacks(options: ProgramOptions, hosts: readonly string[]): Policy[] {
  const reader = new StateReader(options);
  const stacks = new Map<string, Policy>();
  for (const host of hosts) {
    const known = reader.diagnostics.length;
    const found = reader.readFirewalls(host);
    if (reader.diagnostics.slice(known).some(({ severity }) => severity === 'error')) continue;
    for (const { policy } of found) if (policy.layers) stacks.set(policy.name, policy);
  }
  return [...stacks.values()];
}
