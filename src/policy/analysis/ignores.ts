// `# xdpkeep-ignore CODE reason` on the line of a rule, or alone on the line before, silences what lint finds in it.
// One that does not say why, names no code of ours or silences nothing is a finding itself; but what is found in one place alone may
// be silenced everywhere.
import { type IgnoreKind, LINT_RULES, type LintKind } from '../../model/lint.js';
import type { Position } from '../../model/position.js';
import { IN_PLACE_KINDS } from './in-place.js';
import type { Finding } from './lint.js';

export interface Comment {
  /** From the `#` on. */
  text: string;
  at: Position;
  /** Nothing stands before it on its line. */
  alone: boolean;
}

export interface IgnoreFinding {
  kind: IgnoreKind;
  /** What is wrong, as a sentence without its end. */
  message: string;
  at: Position;
}

export interface Heeded {
  left: Finding[];
  /** Findings that were silenced. */
  ignored: number;
  about: IgnoreFinding[];
}

const IGNORE = /^#\s*xdpkeep-ignore\b[\s:]*(\S*)\s*(.*)$/s;

export function heedIgnores(findings: Finding[], comments: Comment[]): Heeded {
  let left = findings;
  const about: IgnoreFinding[] = [];
  for (const comment of comments) {
    const [, code, reason = ''] = IGNORE.exec(comment.text) ?? [];
    if (code === undefined) continue;
    const problem = problemOf(code, reason.trim());
    if (problem !== undefined) {
      about.push({ kind: 'badIgnore', message: problem, at: comment.at });
      continue;
    }
    const heard = left.filter((one) => LINT_RULES[one.kind].code === code && isAbout(comment, one));
    if (heard.length === 0 && !IN_PLACE_CODES.includes(code)) {
      const message = `nothing that ${code} stands for is found in the rule here`;
      about.push({ kind: 'idleIgnore', message, at: comment.at });
    }
    left = left.filter((one) => !heard.includes(one));
  }
  return { left, ignored: findings.length - left.length, about };
}

function isAbout({ at, alone }: Comment, { rule }: Finding): boolean {
  if (at.file !== rule.at.file) return false;
  return at.line === rule.at.line || (alone && at.line === rule.at.line - 1);
}

/** Those that a comment may silence. */
const CODES: string[] = (Object.keys(LINT_RULES) as (keyof typeof LINT_RULES)[])
  .filter((kind): kind is LintKind => kind !== 'badIgnore' && kind !== 'idleIgnore')
  .map((kind) => LINT_RULES[kind].code);

/** Which layers are before a policy depends on the place, too. */
const IN_PLACE_CODES: string[] = [...IN_PLACE_KINDS, 'overruled' as const].map(
  (kind) => LINT_RULES[kind].code,
);

function problemOf(code: string, reason: string): string | undefined {
  if (code === '') return 'it names no code';
  if (!CODES.includes(code)) return `${JSON.stringify(code)} is none of ${CODES.join(', ')}`;
  return reason === '' ? `it does not say why ${code} is to be ignored` : undefined;
}
