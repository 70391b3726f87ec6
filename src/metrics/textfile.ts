// The file that node_exporter's textfile collector reads after each one-shot pass. It is replaced whole, and remembers
// for itself when a pass last succeeded.
import { dirname } from 'node:path';
import { expose, type PassFigures, type Snapshot } from './exposition.js';
import { removeLeftovers, replaceFile } from '../disk/durable.js';
import { accessFailed } from '../disk/failure.js';
import { readRegular } from '../disk/regular.js';

/** Throws a PermissionError or an EnvironmentError when it cannot be written. */
export async function writeTextfile(path: string, snapshot: Snapshot): Promise<void> {
  const pass = snapshot.pass && { ...snapshot.pass, ...succeededBefore(path, snapshot.pass) };
  const text = await expose({ ...snapshot, ...(pass && { pass }) });
  try {
    removeLeftovers(dirname(path));
    replaceFile(path, text, 0o644); // under another name first, and the collector reads *.prom alone
  } catch (error) {
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
