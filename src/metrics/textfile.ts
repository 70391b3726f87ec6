// The file that node_exporter's textfile collector reads after each one-shot pass. It is replaced whole, and remembers
// for itself when a pass last succeeded.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { expose, type PassFigures, type Snapshot } from './exposition.js';
import { accessFailed } from '../disk/failure.js';

/** Throws a PermissionError or an EnvironmentError when it cannot be written. */
export async function writeTextfile(path: string, snapshot: Snapshot): Promise<void> {
  const pass = snapshot.pass && { ...snapshot.pass, ...succeededBefore(path, snapshot.pass) };
  const text = await expose({ ...snapshot, ...(pass && { pass }) });
  const fresh = `${path}.tmp`; // the collector reads *.prom alone
  try {
    rmSync(fresh, { force: true });
    // The folder may be somebody else's: a link that lies there is not followed.
    writeFileSync(fresh, text, { mode: 0o644, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw accessFailed(`write ${path}`, error);
  }
}

/** From the file of the pass before, where this one did not succeed. */
function succeededBefore(path: string, { succeeded }: PassFigures): Pick<PassFigures, 'succeeded'> {
  if (succeeded !== undefined) return {};
  try {
    const before = /^xdpkeep_last_success_timestamp_seconds (\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    return before === undefined ? {} : { succeeded: Number(before) };
  } catch {
    return {}; // the first one, or one that cannot be read: nothing is known
  }
}
