// Where state files came from, as people read it.
import { type Revision, revisionWords, type SourceReport } from '../model/revision.js';
import { type Paint, printable } from './style.js';

/** `commit 9f8e7d6c5b4a "Open 443", signed by netops@example.org`. */
export function commitWords(revision: Revision): string {
  const { signer } = revision;
  return `commit ${revisionWords(revision)}${signer ? `, signed by ${signer.principal}` : ''}`;
}

export function sourceLines(source: SourceReport | undefined, paint: Paint): string[] {
  if (!source) return [];
  const { git, ref, revision, condition, heard, reason } = source;
  const line = printable(`source ${git} ${ref}: ${commitWords(revision)} of ${revision.time}`);
  if (condition === 'Current') return [line];
  const words = `${condition}: ${reason ?? ''}; that commit stays, and was last the newest one at ${heard} (${ageSince(heard)} ago)`;
  return [line, `${paint('yellow', 'warning:')} ${printable(words)}`];
}

function ageSince(time: string): string {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 60_000));
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
