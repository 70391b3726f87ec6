// Parses a commit object into its headers, its signature and the signed bytes. Pure.
// Source of the format: git-commit-tree and gitformat-signature(5).
import type { Revision } from '../model/revision.js';

export interface Commit extends Revision {
  parents: string[];
  /** Armoured, as it stands in the header `gpgsig`; empty when there is none. */
  signature: string;
  /** Signatures for other hash algorithms, a second one, or one that is not the last header: nobody makes such by accident. */
  strange: boolean;
  /** The object without its signature. */
  payload: Buffer;
}

/** `commit` is the name of the object. Texts are cut, and bytes in them that are not UTF-8 become U+FFFD. */
export function parseCommit(commit: string, content: Buffer): Commit {
  const text = content.toString('latin1'); // one character is one byte: the payload must stay what it was
  const end = text.indexOf('\n\n');
  const head = end === -1 ? text : text.slice(0, end);
  const message = end === -1 ? '' : text.slice(end + 2);
  const fields = head.split(/\n(?! )/);
  const value = (name: string): string[] =>
    fields.filter((one) => one.startsWith(`${name} `)).map((one) => one.slice(name.length + 1));
  const [signature = '', ...more] = value('gpgsig');
  const [, author = '', ,] = /^(.*?)( \d+ [+-]\d+)?$/s.exec(value('author')[0] ?? '') ?? [];
  const seconds = Number(/ (\d+) [+-]\d+$/.exec(value('committer')[0] ?? '')?.[1] ?? 0);
  const payload = fields.filter((one) => !one.startsWith('gpgsig ')).join('\n');
  return {
    commit,
    parents: value('parent'),
    subject: short(message.split('\n', 1)[0] ?? ''),
    author: short(author),
    time: new Date(Math.min(seconds, LAST_SECOND) * 1000).toISOString(),
    signature: signature.replaceAll('\n ', '\n'),
    strange:
      more.length > 0 ||
      fields.some((one) => one.startsWith('gpgsig-')) ||
      (signature !== '' && fields.at(-1)?.startsWith('gpgsig ') !== true),
    payload: Buffer.from(`${payload}${text.slice(head.length)}`, 'latin1'),
  };
}

/** The end of 9999: later years have more digits than ISO 8601 gives them. */
const LAST_SECOND = 253_402_300_799;

/** Bytes of a text that reports repeat; nothing that people write is longer. */
const LONGEST_TEXT = 500;

function short(latin1: string): string {
  return Buffer.from(latin1.slice(0, LONGEST_TEXT), 'latin1').toString('utf8');
}

/** The revision without the fields that only verification needs. */
export function toRevision({ commit, subject, author, time }: Commit): Revision {
  return { commit, subject, author, time };
}
