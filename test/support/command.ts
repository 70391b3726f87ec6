// `xdpkeep` as somebody has it who installed it: by its name on PATH, or in other namespaces than those of a lab.
// needs: lab
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { finish, type Finished, within } from '../lab/exec.js';
import type { Lab } from '../lab.js';

const PROGRAM = resolve('dist/xdpkeep.js');

/** A folder for PATH, in which it is. */
export function binFolder(lab: Lab): string {
  const bin = join(lab.directory, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'xdpkeep'), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`);
  chmodSync(join(bin, 'xdpkeep'), 0o755);
  return bin;
}

/** Runs `script` in new namespaces (of `unshare`), with a reconcile and more of its arguments as what is to be run: `"$@"`. */
export function reconcileApart(
  lab: Lab,
  namespaces: string[],
  script: string,
  ...more: string[]
): Promise<Finished> {
  const run = [process.execPath, PROGRAM, 'reconcile', '--output', 'json', '--host', 'lab'];
  const where = ['--state', lab.state, '--data-dir', lab.dataDir, ...more];
  const unshare = ['unshare', ...namespaces, 'sh', '-c', script, 'sh', ...run, ...where];
  return finish(...within(lab.network.firewall, unshare));
}
