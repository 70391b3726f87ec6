// `xdpkeep restore`: what ran last, again.
import { restore } from '../operate/restore.js';
import type { CommonOptions } from './options.js';
import { present } from './reconcile.js';
import type { CommandResult } from './result.js';

export async function runRestore(options: CommonOptions & { wait?: number }): Promise<CommandResult> {
  const { host, bpffs, dataDir, wait = 0 } = options;
  return present(await restore({ host, bpffs, dataDir, wait }), options);
}
