// Where state files came from, as people read it.
import { type Revision, revisionWords, type SourceReport } from '../model/revision.js';
import { ageSince } from './age.js';
import { type Paint, printable } from './style.js';

/** `commit 9f8e7d6c5b4a "Open 443", signed by netops@example.org`. */
export function commitWords(revision: Revision): string {
  const { signer } = revision;
  return `commit ${revisionWords(revision)}${signer ? `, signed by ${signer.principal}` : ''}`;
}

export function sourceLines(source: SourceReport | undefined, paint: Paint): string[] {
  if (!source) return [];
  const { git, ref, revision, condition, heard, reason, waiting } = source;
  const line = printable(`source ${git} ${ref}: ${commitWords(revision)} of ${revision.time}`);
  if (condition === 'Current') return waiting === undefined ? [line] : [line, printable(waiting)];
  const words = `${condition}: ${reason ?? ''}; that commit stays, and was last the newest one at ${heard} (${ageSince(heard)} ago)`;
  return [line, `${paint('yellow', 'warning:')} ${printable(words)}`];
}
