// The file that node_exporter's textfile collector reads after each one-shot pass. It is replaced whole, and remembers
// for itself when a pass last succeeded.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { expose, type PassFigures, type Snapshot } from './exposition.js';
import { accessFailed } from '../disk/failure.js';
import { readRegular } from '../disk/regular.js';

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

/** Bytes; more than the figures of 10,000 rules. */
const LARGEST_FILE = 16 << 20;

/** From the file of the pass before, where this one did not succeed. */
function succeededBefore(path: string, { succeeded }: PassFigures): Pick<PassFigures, 'succeeded'> {
  if (succeeded !== undefined) return {};
  try {
    const text = readRegular(path, LARGEST_FILE).toString('utf8');
    const before = Number(/^xdpkeep_last_success_timestamp_seconds (\S+)$/m.exec(text)?.[1]);
    return Number.isFinite(before) ? { succeeded: Math.min(before, Date.now() / 1000) } : {};
  } catch {
    return {}; // the first one, or one that cannot be read: nothing is known
  }
}
