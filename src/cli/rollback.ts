// `xdpkeep rollback` and `detach --all`: the operator's word against the state files.
import { UsageError } from '../model/errors.js';
import { detachAll, rollback } from '../operate/rollback.js';
import { type CommonOptions, lookOptions } from './options.js';
import { present } from './reconcile.js';
import type { CommandResult } from './result.js';

export async function runRollback(
  generation: string | undefined,
  options: CommonOptions & { reason?: string },
): Promise<CommandResult> {
  if (generation !== undefined && !/^\d{1,9}$/.test(generation)) {
    throw new UsageError(`"${generation}" is not the number of a generation`, {
      hint: 'xdpkeep history lists them.',
    });
  }
  const target = generation === undefined ? undefined : Number(generation);
  return present(await rollback(options, target, options.reason ?? 'rolled back by hand'), options);
}

export async function runDetach(
  options: CommonOptions & { all?: boolean; reason?: string },
): Promise<CommandResult> {
  if (options.all !== true || options.reason === undefined || options.reason.trim() === '') {
    throw new UsageError('detach takes everything of ours away and asks for --all and --reason', {
      hint: 'xdpkeep detach --all --reason "what happened". To detach one interface, take it out of the Host file.',
    });
  }
  return present(await detachAll(lookOptions(options), options.reason), options);
}
