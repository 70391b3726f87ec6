// Runs one check of the doctor. A check that throws is a finding as well, and the other checks go on.
import { PermissionError, XdpkeepError } from '../model/errors.js';
import type { Check } from '../model/doctor.js';

export type Answer = Omit<Check, 'name'>;

export const ok = (found: string): Answer => ({ status: 'ok', found });
export const warning = (found: string, help: string): Answer => ({ status: 'warning', found, help });
export const failure = (found: string, help: string): Answer => ({ status: 'failure', found, help });
export const unknown = (found: string, help = 'Run as root to see it.'): Answer => ({
  status: 'unknown',
  found,
  help,
});

/** A refusal for want of rights says nothing of the machine: `unknown`. Every other error is a failure. */
export async function check(name: string, ask: () => Answer | Promise<Answer>): Promise<Check> {
  try {
    return { name, ...(await ask()) };
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    const { message, hint } = error;
    const help = hint === undefined ? {} : { help: hint };
    return {
      name,
      status: error instanceof PermissionError ? 'unknown' : 'failure',
      found: message,
      ...help,
    };
  }
}
