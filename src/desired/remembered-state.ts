// A cache in the object store: the resolved state of a host, valid while every input is the same (state files, names in lists/, programs,
// what ships with this build, and this build). An entry that is lost, damaged or of other inputs is ignored.
import { reviveState } from '../disk/revive-sets.js';
import { sha256 } from '../disk/sha256.js';
import { BUILD } from '../model/build.js';
import type { ConnectionSource } from '../model/connections.js';
import { canonicalJson } from '../text/canonical-json.js';
import {
  type HostPolicy,
  type DesiredInterface,
  type DesiredProgram,
  type DesiredState,
  setsOf,
} from '../model/desired.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { ifReadable } from '../disk/if-readable.js';
import type { ObjectStore } from '../model/object-store.js';
import { readFirewall } from './programs/builtins.js';
import { listOptionalFolder } from './folders.js';
import { readInside, UnusableFileError } from './paths.js';
import { type ProgramOptions, ProgramResolver } from './programs/programs.js';
import type { HostState, StateInputs } from './state-reader.js';

interface KnownHost extends HostState {
  warnings: Diagnostic[];
}

/** As JSON. A policy stands once for all interfaces that want it. */
interface Memory extends Omit<KnownHost, 'desired'>, StateInputs {
  build: string;
  firewalls: HostPolicy[];
  desired: Omit<DesiredState, 'interfaces'>;
  interfaces: (Omit<DesiredInterface, 'program'> & {
    program: Omit<DesiredProgram, 'firewall'>;
    /** Index. */
    firewall?: number;
  })[];
}

/** What `loadHost` found, kept in the store under the name of the host. Does nothing when the store cannot be written to. */
export function rememberHost(store: ObjectStore, known: KnownHost, inputs: StateInputs): void {
  // What a compiler said is told once.
  if (known.warnings.some(({ log }) => log !== undefined)) return;
  const { interfaces, ...desired } = known.desired;
  const firewalls = [...new Set(interfaces.flatMap(({ program }) => program.firewall ?? []))];
  const memory: Memory = {
    ...known,
    ...inputs,
    build: BUILD,
    firewalls,
    desired,
    interfaces: interfaces.map(({ program: { firewall, ...program }, ...one }) => {
      return { ...one, program, ...(firewall && { firewall: firewalls.indexOf(firewall) }) };
    }),
  };
  const text = JSON.stringify(memory);
  ifReadable(() => {
    store.rememberState(desired.host, `${sha256(text)}\n${text}`);
  });
}

/** What this build resolved the same files to the last time; `undefined` when they have to be parsed. */
export async function recallHost(options: ProgramOptions & { host: string }): Promise<KnownHost | undefined> {
  const memory = unseal(options.store.recallState(options.host));
  if (memory?.build !== BUILD || !isUnchanged(memory, options.stateDir)) return undefined;
  const { safeguards, warnings } = memory;
  const interfaces = memory.interfaces.map(({ firewall, program, ...one }) => {
    const policy = firewall === undefined ? undefined : memory.firewalls[firewall];
    return { ...one, program: { ...program, ...(policy && { firewall: policy }) } };
  });
  const desired = { ...memory.desired, interfaces };
  if (!(await isResolvedAlike(desired, memory.programs, options))) return undefined;
  reviveState(desired, options.store);
  return hasItsSets(memory, options.store) ? { desired, safeguards, warnings } : undefined;
}

function unseal(sealed = ''): Memory | undefined {
  const text = sealed.slice(sealed.indexOf('\n') + 1);
  return sealed === `${sha256(text)}\n${text}` ? (JSON.parse(text) as Memory) : undefined;
}

/** Bytes: no file of a state directory may be larger. */
const LIMIT = 256 << 20;

function isUnchanged({ files, listFiles }: StateInputs, stateDir: string): boolean {
  try {
    const there = listOptionalFolder(stateDir, 'lists').files;
    return (
      [...there.values()].flat().join('\n') === listFiles.join('\n') &&
      Object.entries(files).every(([file, hash]) => sha256(readInside(stateDir, file, LIMIT)) === hash)
    );
  } catch (error) {
    if (error instanceof UnusableFileError) return false;
    throw error;
  }
}

/** Programs are looked at as ever: they are read, or compiled, and not parsed. */
async function isResolvedAlike(
  { interfaces, connections }: DesiredState,
  references: StateInputs['programs'],
  options: ProgramOptions,
): Promise<boolean> {
  const resolver = new ProgramResolver(options);
  const from = connections?.from;
  for (const [at, { program }] of interfaces.entries()) {
    const reference = references[at];
    if (!reference) {
      if (program.object !== firewallObject(program, options.store, from)) return false;
      continue;
    }
    const found = await resolver.resolve(reference);
    if (found.problems.length > 0 || canonicalJson(found.program) !== canonicalJson(program)) return false;
  }
  return true;
}

/** Of the object that this build makes of its policy; `undefined` where there is none. */
function firewallObject(
  { firewall }: DesiredProgram,
  store: ObjectStore,
  from: ConnectionSource | undefined,
): string | undefined {
  return firewall && store.put(readFirewall(firewall.policy, from).bytes);
}

/** Large sets are stored on their own; when one is lost or damaged, the files are parsed again. */
function hasItsSets({ desired, firewalls }: Memory, store: ObjectStore): boolean {
  const listed = desired.lists?.map(({ set }) => set) ?? [];
  const large = [...listed, ...firewalls.flatMap(setsOf)].filter(({ small }) => !small);
  return [...new Set(large.map(({ digest }) => digest))].every(
    (digest) => ifReadable(() => store.get(digest, 'set')) !== undefined,
  );
}
