// A deadline that outlives this process: a unit of ours where this is a service, a transient timer of systemd where that
// runs, else a watchdog of our own in a session of its own. What is armed runs xdpkeep itself again; whether there is still
// something to do, that decides.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { UnreachableError, XdpkeepError } from '../model/errors.js';
import type { Deadline } from '../model/pending.js';
import { askDeadlineUnit, DEADLINE_SOCKET, type DeadlineRequest } from './deadline-unit.js';
import { findTool, runTool, TOOL_ENVIRONMENT } from './tool.js';

/** What the watchdog says on stdout once it listens to nobody any more. */
export const ARMED = 'armed';

const PATIENCE = 15_000;
const LIMITS = { time: PATIENCE, output: 1 << 16 };

/** Directory that is there where systemd is the manager: sd_booted(3). */
const BOOTED = '/run/systemd/system';

export interface Alarm extends DeadlineRequest {
  /** From now on; milliseconds. */
  after: number;
}

/** What decides who can be there at a deadline. */
export interface Surroundings {
  /** systemd is the manager. */
  systemd: boolean;
  /** Its units are in our namespaces. */
  shared: boolean;
  systemdRun: string | undefined;
  /** We are in a service of it, which it ends with all that it started. */
  inService: boolean;
  /** Where a unit of ours is asked; absent where the package is not installed. */
  unit: string | undefined;
  /** This Node and this program, as absolute paths. */
  command: string[];
}

/** Throws an UnreachableError when nobody can be found who would be there at the deadline. */
export async function armDeadline(
  alarm: Alarm,
  surroundings = surroundingsOf(alarm),
): Promise<Deadline['armed']> {
  const { systemd, shared, inService, unit } = surroundings;
  const command = [...surroundings.command, ...argumentsFor(alarm)];
  if (!systemd) return startWatchdog(command);
  const asked = inService && unit !== undefined ? await askDeadlineUnit(alarm, unit) : undefined;
  if (typeof asked === 'number') return { by: 'watchdog', pid: asked };
  const trouble = shared
    ? await startTimer(alarm, command, surroundings)
    : 'its units are in other namespaces than this process';
  if (typeof trouble === 'object') return trouble;
  if (!inService) return startWatchdog(command);
  const reasons = [...(asked === undefined ? [] : [asked]), trouble].join('; ');
  throw cannotArm(`systemd has no timer for it (${reasons}), and would end a watchdog with this service`);
}

function argumentsFor({ id, at, bpffs, dataDir }: Alarm): string[] {
  // Whose these are was judged when the change was made: what undoes it must not be refused.
  const where = ['--bpffs', bpffs, '--data-dir', dataDir, '--allow-foreign-owner'];
  return ['cancel', '--at-deadline', `${id}@${at}`, ...where];
}

/** Best effort: what was armed finds nothing to do when it comes too late to be stopped. */
export async function disarmDeadline(armed: Deadline['armed']): Promise<void> {
  const systemctl = armed.by === 'systemd' ? findTool('systemctl') : undefined;
  if (armed.by !== 'systemd' || systemctl === undefined) return; // our watchdog looks by itself
  try {
    await runTool(systemctl, ['stop', `${armed.unit}.timer`], LIMITS);
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
  }
}

function surroundingsOf({ bpffs, dataDir }: Alarm): Surroundings {
  const command = [process.execPath, realpathSync(process.argv[1] ?? '')];
  return {
    systemd: existsSync(BOOTED),
    shared: sharesWithInit([...command, bpffs, dataDir]),
    systemdRun: findTool('systemd-run'),
    inService: isInService(),
    unit: existsSync(DEADLINE_SOCKET) ? DEADLINE_SOCKET : undefined,
    command,
  };
}

/** What the one that is armed needs of our environment, and nothing else of it: no failpoint, no secret. */
function environment(): Record<string, string> {
  const { XDPKEEP_BPFTOOL } = process.env;
  return { ...TOOL_ENVIRONMENT, ...(XDPKEEP_BPFTOOL !== undefined && { XDPKEEP_BPFTOOL }) };
}

/** A string says why not. `--on-active` is CLOCK_MONOTONIC: systemd.timer(5). */
async function startTimer(
  { id, after }: Alarm,
  command: string[],
  { systemdRun }: Surroundings,
): Promise<Deadline['armed'] | string> {
  if (systemdRun === undefined) return 'there is no systemd-run';
  const unit = `xdpkeep-confirm-${id}`;
  const args = [
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    '--description=Undo a change of xdpkeep that nobody confirmed',
    `--on-active=${after}ms`,
    '--timer-property=AccuracySec=100ms',
    ...Object.entries(environment()).map(([name, value]) => `--setenv=${name}=${value}`),
    '--',
    ...command,
  ];
  try {
    const { exitCode, stderr } = await runTool(systemdRun, args, LIMITS);
    return exitCode === 0 ? { by: 'systemd', unit } : `systemd-run: ${stderr.trim() || `exit ${exitCode}`}`;
  } catch (error) {
    if (error instanceof XdpkeepError) return error.message;
    throw error;
  }
}

/** Detached: a session of its own, which no terminal and no kill of ours reaches. */
async function startWatchdog(command: string[]): Promise<Deadline['armed']> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: '/',
    detached: true,
    env: environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const said = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => {
      resolve(`it was not ready within ${PATIENCE / 1000} s`);
    }, PATIENCE);
    const end = (what: string) => {
      clearTimeout(timer);
      resolve(what);
    };
    child.on('error', ({ message }) => {
      end(message);
    });
    child.on('exit', (code, signal) => {
      end(`it ended at once (${signal ?? `exit ${code ?? 0}`})`);
    });
    child.stdout.once('data', (chunk: Buffer) => {
      end(chunk.toString().trim());
    });
  });
  child.stdout.destroy();
  child.removeAllListeners();
  child.unref();
  if (said === ARMED && child.pid !== undefined) return { by: 'watchdog', pid: child.pid };
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  throw cannotArm(`the watchdog did not start: ${said}`);
}

/**
 * A unit of systemd has these interfaces, and finds the same files under these paths. Our own units may not look, and need
 * not: they ask `unit`.
 */
function sharesWithInit(paths: string[]): boolean {
  const isSame = (kind: string) =>
    readlinkSync(`/proc/1/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`);
  try {
    return isSame('net') && (isSame('mnt') || paths.every(isSameForInit));
  } catch {
    return false; // not allowed to look: then not allowed to assume
  }
}

function isSameForInit(path: string): boolean {
  const [ours, theirs] = [statSync(path), statSync(`/proc/1/root${path}`)];
  return ours.dev === theirs.dev && ours.ino === theirs.ino;
}

/** systemd ends what is left of a service with it: KillMode= in systemd.kill(5). */
function isInService(): boolean {
  return /\.service$/m.test(readFileSync('/proc/self/cgroup', 'utf8'));
}

function cannotArm(reason: string): UnreachableError {
  return new UnreachableError(`the deadline of the change cannot be armed: ${reason}`, {
    hint: 'Nothing was changed. Correct that, or make the change without `confirm` while you can reach the machine in another way.',
  });
}
