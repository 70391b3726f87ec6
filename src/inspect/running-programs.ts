// Finds what runs on our interfaces from the kernel and the records: which policy or program, since when. An unreadable
// record costs the name, never the status.
import { statSync } from 'node:fs';
import { storedPolicy } from '../journal/stored-policies.js';
import { recordedProgram } from '../journal/running.js';
import { uptime } from '../kernel/boot.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openProgram, programLoadTime } from '../kernel/pinned.js';
import type { HostPolicy } from '../model/desired.js';
import { ifReadable } from '../disk/if-readable.js';
import type { RecordedProgram } from '../model/record.js';
import type { RunningProgram } from '../model/status.js';

/** One for each digest, however many interfaces run it. */
export class RunningPrograms {
  readonly #programs = new Map<string, RecordedProgram | undefined>();
  readonly #firewalls = new Map<string, HostPolicy | undefined>();

  constructor(private readonly dataDir: string) {}

  /** `undefined` for a program that is no policy, and for one that no generation knows. */
  firewall(digest: string): HostPolicy | undefined {
    const hash = this.#program(digest)?.firewall;
    if (hash === undefined) return undefined;
    return remember(this.#firewalls, hash, () => ifReadable(() => storedPolicy(this.dataDir, hash)));
  }

  /** `digest` is absent when the program has lost its pins. */
  describe(programId: number, digest: string | undefined, isPolicy: boolean): RunningProgram {
    const recorded = digest === undefined ? undefined : this.#program(digest);
    const policy = digest === undefined ? undefined : this.firewall(digest)?.policy;
    const name = policy?.name ?? recorded?.label;
    const loaded = loadedAt(programId);
    return {
      kind: isPolicy ? 'policy' : 'program',
      ...(name !== undefined && { name }),
      ...(policy && { mode: policy.mode }),
      ...(loaded !== undefined && { loaded }),
    };
  }

  #program(digest: string): RecordedProgram | undefined {
    return remember(this.#programs, digest, () => ifReadable(() => recordedProgram(this.dataDir, digest)));
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T | undefined {
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

/** By today's wall clock, which may have been set since: the kernel counts from the boot. */
function loadedAt(programId: number): string | undefined {
  using program = openProgram(programId);
  if (!program) return undefined;
  const age = Math.max(0, uptime() * 1000 - programLoadTime(program));
  return new Date(Date.now() - age).toISOString();
}

/** When our link was pinned, which is when it was attached; `undefined` without one. ISO 8601. */
export function attachedAt(pinPaths: PinPaths, name: string): string | undefined {
  return statSync(pinPaths.link(name), { throwIfNoEntry: false })?.mtime.toISOString();
}
