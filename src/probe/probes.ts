// Probes before a change and after it. One that held before has to hold after; one that did not says nothing about the
// change and is only reported.
import { setTimeout as sleep } from 'node:timers/promises';
import { runConfined } from '../kernel/confined.js';
import { mayUseInternet } from '../kernel/internet.js';
import { EnvironmentError } from '../model/errors.js';
import type { ProbeReport } from '../model/reconciliation.js';
import { type Probe, probeName } from '../model/safeguards.js';
import { requirePermitted } from './permission.js';
import { tryTarget } from './targets.js';

/** Of a command that does nothing. */
const CONFINING = { time: 10_000, output: 1 << 16 };

/** Milliseconds between two tries of one probe. */
const PAUSE = 200;

/** Why a probe does not hold; `undefined` when one of its tries did. Never rejects. */
async function askProbe({ target, timeout, tries }: Probe, ended: AbortSignal): Promise<string | undefined> {
  let why = '';
  for (let left = tries; left > 0; left--) {
    if (ended.aborted) return 'it was not waited for';
    try {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(timeout)]);
      await tryTarget(target, { timeout, ended, signal });
      return undefined;
    } catch (error) {
      why = error instanceof Error && error.message !== '' ? error.message : String(error);
    }
    if (left > 1) await sleep(PAUSE, undefined, { signal: ended }).catch(() => undefined);
  }
  return tries === 1 ? why : `${why} (${tries} tries)`;
}

/** A probe that may not leave this process fails before the change as well as after it, and so would prove nothing. */
function requireInternet(probes: readonly Probe[]): void {
  const asking = probes.find(({ target }) => target.kind !== 'exec');
  if (!asking || mayUseInternet()) return;
  throw new EnvironmentError(
    `probe ${probeName(asking)} cannot be asked: this process may not use the network`,
    {
      hint: 'Let its unit: RestrictAddressFamilies=AF_INET AF_INET6 and IPAddressAllow=any, in a drop-in (systemctl edit).',
    },
  );
}

/** All at once. Throws an EnvironmentError where this process cannot ask, a PermissionError where this host does not allow it. */
export async function askBefore(probes: readonly Probe[]): Promise<ProbeReport[]> {
  requirePermitted(probes);
  requireInternet(probes);
  // What cannot be confined fails before the change as well as after it.
  if (probes.some(({ target }) => target.kind === 'exec'))
    await runConfined('probe', ['/bin/true'], CONFINING);
  const never = new AbortController().signal;
  return Promise.all(
    probes.map(async (probe): Promise<ProbeReport> => {
      const detail = await askProbe(probe, never);
      const heldBefore = detail === undefined;
      return { probe: probeName(probe), heldBefore, ...(!heldBefore && { detail }) };
    }),
  );
}

/**
 * Asks those again that held, all at once, and writes into `reports` (in the order of `probes`) what they say. Resolves
 * with what failed first, as soon as it has failed for good, and with `undefined` when all of them hold.
 */
export async function askAfter(
  probes: readonly Probe[],
  reports: readonly ProbeReport[],
  ended: AbortSignal,
): Promise<string | undefined> {
  const enough = new AbortController();
  const signal = AbortSignal.any([ended, enough.signal]);
  try {
    return await new Promise<string | undefined>((resolve) => {
      const asked = probes.map(async (probe, index) => {
        const report = reports[index];
        if (!report?.heldBefore) return;
        const detail = await askProbe(probe, signal);
        if (signal.aborted) return;
        report.heldAfter = detail === undefined;
        if (detail === undefined) return;
        report.detail = detail;
        resolve(`probe ${report.probe} held before the change and fails after it: ${detail}`);
      });
      void Promise.all(asked).then(() => {
        resolve(undefined);
      });
    });
  } finally {
    enough.abort();
  }
}
