// Reads hosts with the programs, policies and lists that they name. Each file is read once.
import type { HostPolicy, DesiredInterface, DesiredProgram, DesiredState } from '../model/desired.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { addressSetsOf } from '../model/match.js';
import type { Match } from '../model/policy.js';
import type { LintOptions } from '../model/repository.js';
import type { Safeguards } from '../model/safeguards.js';
import { digestState, digestWritten } from './digest.js';
import { describeStray, listOptionalFolder } from './folders.js';
import { type HostFile, type HostInterface, readHostFile } from './host/host-file.js';
import { HostPolicies } from './host/host-policy.js';
import { joinLists, type ListUse } from './host/host-lists.js';
import type { ListOptions } from './lists/list-options.js';
import { ListReader } from './lists/lists.js';
import { GroupReader } from './policy/groups.js';
import { PolicyReader } from './policy/policies.js';
import { type ProgramOptions, ProgramResolver } from './programs/programs.js';
import type { ProgramReference } from './host/host-schema.js';
import { readRepository } from './repository-file.js';

/** Of a list that is only looked at. */
const ANY_CONTENT: ListOptions = { allowEmpty: true, widest: { ipv4: 0, ipv6: 0 }, maxSkipped: 100 };

/** What a host wants, and what it asks of a change towards it. */
export interface HostState {
  desired: DesiredState;
  safeguards: Safeguards;
}

/** All that a host's state was made of. */
export interface StateInputs {
  /** File, relative to the state directory -> SHA-256 (hex) of the bytes that were read. */
  files: Record<string, string>;
  /** Names of the files in lists/, sorted: another one may make a list ambiguous. */
  listFiles: string[];
  /** What each interface names, where that is no policy. */
  programs: (ProgramReference | undefined)[];
}

export class StateReader {
  /** What was found so far, in no order. */
  readonly diagnostics: Diagnostic[] = [];
  readonly lists: ListReader;
  readonly groups: GroupReader;
  readonly policies: PolicyReader;
  readonly #stacks: HostPolicies;
  readonly #programs: ProgramResolver;

  constructor(private readonly options: ProgramOptions) {
    this.#programs = new ProgramResolver(options);
    this.lists = new ListReader(options.stateDir, this.diagnostics, options.store, options.progress);
    this.groups = new GroupReader(options.stateDir, this.lists, this.diagnostics);
    this.policies = new PolicyReader(options.stateDir, this.lists, this.groups, this.diagnostics);
    this.#stacks = new HostPolicies(this.policies, this.diagnostics);
  }

  /** Complete unless there are errors among the diagnostics. */
  async readHost(host: string): Promise<HostState & { inputs: StateInputs }> {
    const file = readHostFile(this.options.stateDir, host, this.lists, this.diagnostics);
    this.#checkProtect(file);
    const interfaces: DesiredInterface[] = [];
    for (const one of file.interfaces) {
      const program = await this.#readProgram(one, file);
      const { pattern, mode, foreign, drift, at } = one;
      if (program)
        interfaces.push({ pattern, mode, foreign, ...(drift === 'warn' && { drift }), program, at });
    }
    const lists = joinLists(this.#listUses(file), this.diagnostics);
    const { safeguards, connections } = file;
    const desired = {
      host,
      interfaces,
      ...(lists.length > 0 && { lists }),
      ...(connections && { connections }),
      digest: digestState(host, interfaces, connections),
      written: digestWritten(host, interfaces, safeguards, connections),
    };
    const inputs = {
      files: this.#filesRead(file),
      listFiles: this.lists.files(),
      programs: file.interfaces.map(({ program }) => program),
    };
    return { desired, safeguards, inputs };
  }

  /** The policies of a host's interfaces and their layers, each once, behind its `protect` entries. Looks at no program. */
  readFirewalls(host: string): HostPolicy[] {
    const { interfaces, protections } = readHostFile(
      this.options.stateDir,
      host,
      this.lists,
      this.diagnostics,
    );
    const policies = new Set(
      interfaces.flatMap((one) =>
        [
          this.#stacks.read(one) ?? [],
          ...one.policies.map(({ name }) => this.policies.read(name) ?? []),
        ].flat(),
      ),
    );
    return [...policies].map((policy) => ({ policy, protections }));
  }

  /** Policies and lists, also those that no host names, and what xdpkeep.yaml says. */
  readShared(): LintOptions {
    for (const name of this.policies.names()) this.policies.read(name);
    for (const name of this.groups.names()) this.groups.read(name);
    const read = new Set(this.lists.all().map(({ name }) => name));
    // No policy names these, so that none could say what they may be; they decide nothing.
    for (const name of this.lists.names()) if (!read.has(name)) this.lists.read(name, ANY_CONTENT);
    for (const folder of ['policies', 'rulegroups', 'lists'] as const) {
      const { strays } = listOptionalFolder(this.options.stateDir, folder);
      this.diagnostics.push(...strays.map((stray) => describeStray(folder, stray)));
    }
    return readRepository(this.options.stateDir, this.diagnostics);
  }

  #filesRead({ source }: HostFile): Record<string, string> {
    const texts = [source, ...this.policies.sources.values(), ...this.groups.sources.values()].flatMap(
      (one) => one ?? [],
    );
    const lists = this.lists.all();
    return Object.fromEntries(
      [...texts, ...lists].flatMap(({ file, sha256 }) => (sha256 === undefined ? [] : [[file, sha256]])),
    );
  }

  #listUses({ interfaces, protections, protectPlace }: HostFile): ListUse[] {
    const namesOf = (matches: Match[]): string[] => [
      ...new Set(matches.flatMap(addressSetsOf).flatMap(({ lists }) => lists)),
    ];
    const protect = namesOf(protections.map(({ match }) => match)).flatMap((name): ListUse[] =>
      protectPlace ? [{ list: this.lists.read(name), user: 'protect', place: protectPlace }] : [],
    );
    const run = interfaces.flatMap(({ policies }) => policies);
    const policies = run.flatMap(({ name, place }) => {
      const policy = this.policies.read(name);
      if (!policy) return [];
      const options = this.policies.listOptions(policy.name);
      return namesOf(policy.rules.map(({ match }) => match)).map((name): ListUse => {
        const list = this.lists.read(name, options[name]);
        const { maxShrink, maxGrow } = options[name] ?? {};
        return { list, maxShrink, maxGrow, user: `policy ${name}`, place };
      });
    });
    return [...protect, ...policies];
  }

  async #readProgram(
    one: HostInterface,
    { protections, connections }: HostFile,
  ): Promise<DesiredProgram | undefined> {
    const policy = this.#stacks.read(one);
    if (policy) return this.#programs.resolvePolicy({ policy, protections }, connections?.from);
    if (!one.program) return undefined;
    const { program, problems } = await this.#programs.resolve(one.program);
    for (const { field, ...text } of problems) this.diagnostics.push({ ...text, ...one.placeOf(field) });
    return program;
  }

  #checkProtect({ interfaces, protectPlace }: HostFile): void {
    if (!protectPlace || interfaces.some(({ policies }) => policies.length > 0)) return;
    this.diagnostics.push({
      severity: 'warning',
      summary: 'nothing is protected',
      detail: '`protect` goes in front of policies, and no interface of this host has one',
      hint: 'Give an interface a `policy`, or remove `protect`.',
      ...protectPlace,
    });
  }
}
