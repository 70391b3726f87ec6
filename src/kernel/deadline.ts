// A deadline that outlives this process: our own unit when this is a service, else a transient timer where systemd runs, else a
// watchdog process in a session of its own. What is armed runs `xdpkeep cancel`, which decides whether there is still something to undo.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { UnreachableError, XdpkeepError } from '../model/errors.js';
import type { Deadline } from '../model/pending.js';
import { askDeadlineUnit, DEADLINE_SOCKET, type DeadlineRequest } from './deadline-unit.js';
import { findTool, runTool, TOOL_ENVIRONMENT } from './tool.js';

/** The line that the watchdog prints on stdout once it is detached. */
export const ARMED = 'armed';

const PATIENCE = 15_000;
const LIMITS = { time: PATIENCE, output: 1 << 16 };

/** The directory that exists when systemd is the service manager: sd_booted(3). */
const BOOTED = '/run/systemd/system';

export interface Alarm extends DeadlineRequest {
  /** Milliseconds from now. */
  after: number;
}

/** What decides which process can wait for a deadline here. */
export interface Surroundings {
  /** systemd is the service manager. */
  systemd: boolean;
  /** Units of systemd have our network namespace and see our files. */
  shared: boolean;
  systemdRun: string | undefined;
  /** We run in a service; systemd ends every process of a service with it. */
  inService: boolean;
  /** Path of the socket of our own unit; `undefined` where the package is not installed. */
  unit: string | undefined;
  /** This Node and this program, as absolute paths. */
  command: string[];
}

/** Arms the deadline and returns what waits for it. Throws an UnreachableError when nothing on this host can wait. */
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
  // The ownership of these paths was checked when the change was made; undoing it must not be refused for that.
  const where = ['--bpffs', bpffs, '--data-dir', dataDir, '--allow-foreign-owner'];
  return ['cancel', '--at-deadline', `${id}@${at}`, ...where];
}

/** Best effort: a deadline that cannot be stopped any more finds nothing to undo. */
export async function disarmDeadline(armed: Deadline['armed']): Promise<void> {
  const systemctl = armed.by === 'systemd' ? findTool('systemctl') : undefined;
  if (armed.by !== 'systemd' || systemctl === undefined) return; // our own watchdog notices by itself
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

/** The part of our environment that the armed process needs. Nothing else is passed: no failpoint, no secret. */
function environment(): Record<string, string> {
  const { XDPKEEP_BPFTOOL } = process.env;
  return { ...TOOL_ENVIRONMENT, ...(XDPKEEP_BPFTOOL !== undefined && { XDPKEEP_BPFTOOL }) };
}

/** Returns the reason as a string when it fails. `--on-active` is CLOCK_MONOTONIC: systemd.timer(5). */
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

/** Starts it in a session of its own, so that signals of the terminal and of our process group do not reach it. */
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
 * True when a unit of systemd has our network namespace and finds the same files at these paths. Our own units may not read this,
 * and need not: they ask the deadline unit.
 */
function sharesWithInit(paths: string[]): boolean {
  const isSame = (kind: string) =>
    readlinkSync(`/proc/1/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`);
  try {
    return isSame('net') && (isSame('mnt') || paths.every(isSameForInit));
  } catch {
    return false; // not readable: assume that they differ
  }
}

function isSameForInit(path: string): boolean {
  const [ours, theirs] = [statSync(path), statSync(`/proc/1/root${path}`)];
  return ours.dev === theirs.dev && ours.ino === theirs.ino;
}

/** systemd kills the remaining processes of a service with it: KillMode= in systemd.kill(5). */
function isInService(): boolean {
  return /\.service$/m.test(readFileSync('/proc/self/cgroup', 'utf8'));
}

function cannotArm(reason: string): UnreachableError {
  return new UnreachableError(`the deadline of the change cannot be armed: ${reason}`, {
    hint: 'Nothing was changed. Correct that, or make the change without `confirm` while you can reach the machine in another way.',
  });
}
