// `xdpkeep doctor`: checks whether this host can do its work. Takes no lock, mounts and writes nothing, needs no root; what
// it may not see it reports. Every check runs, whatever the others found.
import { check, type Answer, failure, ok } from './check.js';
import { checkConnections } from './connections.js';
import { checkInterfaces } from './interfaces.js';
import { checkMachine } from './machine.js';
import { checkPlaces } from './places.js';
import { loadHost } from '../desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { fallbacks } from '../journal/intents.js';
import { readJournal } from '../journal/read.js';
import { missingCapabilities } from '../kernel/capabilities.js';
import type { DesiredState } from '../model/desired.js';
import { InvalidStateError } from '../model/diagnostic.js';
import type { Check, CheckStatus, Doctor } from '../model/doctor.js';
import type { ObjectStore } from '../model/object-store.js';
import { EXIT, type ExitCode, XdpkeepError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import { observe } from '../observe/observe.js';
import type { LookOptions } from '../model/pass-options.js';

export async function examine(options: LookOptions): Promise<Doctor> {
  const store = new MemoryObjectStore(readable(options.dataDir));
  let desired: DesiredState | undefined;
  let observed: ObservedState | undefined;
  const stateFiles = await check('state files', async () => {
    const loaded = await load(options, store);
    desired = typeof loaded === 'string' ? undefined : loaded;
    return describe(loaded);
  });
  const attached = await check('attached programs', async () => {
    if (missingCapabilities().length > 0)
      return { status: 'unknown', found: 'not visible to this user', help: 'Run as root to see them.' };
    observed = await observe(options);
    return ok(`${observed.owned.filter(({ link }) => link).length} of ours`);
  });
  const checks = [
    ...(await checkMachine(options.from.stateDir, lastRecord(options.dataDir))),
    ...(await checkPlaces(options)),
    stateFiles,
    attached,
    await checkConnections(options.bpffs, { ...(desired && { desired }), ...(observed && { observed }) }),
    ...(await checkInterfaces({
      objects: store,
      ...(desired && { desired }),
      ...(observed && { observed }),
      fellBackBecause: observed ? fallbacks(readJournal(options.dataDir).records, observed) : new Map(),
    })),
  ];
  const count = (status: CheckStatus) => checks.filter((one) => one.status === status).length;
  const counts = {
    ok: count('ok'),
    warning: count('warning'),
    failure: count('failure'),
    unknown: count('unknown'),
  };
  return { apiVersion: 'xdpkeep/v1', kind: 'Doctor', host: options.from.host, checks, counts };
}

/** 78 when the machine lacks something, 77 when only rights are lacking. */
export function exitCodeOf({ checks }: Doctor): ExitCode {
  const failures = checks.filter(({ status }) => status === 'failure');
  if (failures.length === 0) return EXIT.ok;
  return failures.every(isPermission) ? EXIT.permission : EXIT.environment;
}

function isPermission({ permission }: Check): boolean {
  return permission === true;
}

/** The desired state, or what is wrong with the files. */
async function load(options: LookOptions, store: ObjectStore): Promise<DesiredState | string> {
  try {
    return (await loadHost({ ...options.from, store })).desired;
  } catch (error) {
    if (error instanceof InvalidStateError) return error.message;
    throw error;
  }
}

/** What was compiled already, where this user may read it. */
function readable(dataDir: string): DiskObjectStore | undefined {
  return missingCapabilities().length === 0 ? new DiskObjectStore(dataDir) : undefined;
}

function describe(loaded: DesiredState | string): Answer {
  if (typeof loaded === 'string') return failure(loaded, 'Run `xdpkeep validate`: it says where and why.');
  return ok(`host ${loaded.host}, ${loaded.interfaces.length} entries under interfaces`);
}

function lastRecord(dataDir: string): Date | undefined {
  try {
    const time = readJournal(dataDir).records.at(-1)?.time;
    return time === undefined ? undefined : new Date(time);
  } catch (error) {
    if (error instanceof XdpkeepError) return undefined; // the check of the journal says it
    throw error;
  }
}
