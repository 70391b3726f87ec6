// Passes in this process: no start-up to wait for, where a test needs hundreds of them.
import type { XdpkeepError } from '../../src/model/errors.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { ChangeOptions } from '../../src/model/pass-options.js';
import { reconcile } from '../../src/pass/reconcile.js';
import type { Lab } from '../lab.js';

type Asked = ChangeOptions & { dryRun?: boolean };

/** One reconcile of a lab. */
export function pass(lab: Lab, { dryRun = false, ...change }: Asked = {}): Promise<Reconciliation> {
  const { state: stateDir, bpffs, dataDir } = lab;
  const from = { stateDir, host: 'lab' };
  return lab.inside(() => reconcile({ bpffs, dataDir, from, change, dryRun }));
}

/** The exit code of one, whether it throws or not. */
export async function passCode(lab: Lab, options: Asked = {}): Promise<number> {
  return pass(lab, options).then(
    ({ exitCode }) => exitCode,
    (error: unknown) => (error as XdpkeepError).exitCode,
  );
}
