// What tests have made once on a machine and kept (XDPKEEP_TEST_CACHE): each script prints where it lies.
import { must } from './exec.js';

/** Milliseconds: the first time it is fetched, unpacked or built. */
const PATIENCE = 600_000;

/** What a script of scripts/test/ prints. */
export function madeOnce(script: string, ...args: string[]): Promise<string> {
  const XDPKEEP_TEST_CACHE = process.env['XDPKEEP_TEST_CACHE'] ?? '';
  return must('bash', [`scripts/test/${script}`, ...args], {
    timeout: PATIENCE,
    env: { XDPKEEP_TEST_CACHE },
  });
}
