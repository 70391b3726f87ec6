// The half of a sync that needs a network, and nothing else: no rights, no keys of signers, no state of the host.
import { withWriterLock } from '../journal/lock.js';
import { abortOnSignal } from '../kernel/abort-on-signal.js';
import { type FetchSource, fetchInto } from '../source/fetched.js';

/** Brings what `source` has to a folder of this machine; the commit. Throws an UnreachableError, a LockedError. */
export async function fetch(source: FetchSource, folder: string): Promise<string> {
  return withWriterLock(folder, () => abortOnSignal((ended) => fetchInto(folder, source, ended)));
}
