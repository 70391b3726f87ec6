// The part of YAML that state files may use. Refused with the exact place: anchors and aliases, tags, directives,
// several documents, nesting and token counts that no state file needs. All of it is found on the token level, before
// nodes are composed: composing is recursive, and near the end of the stack V8 aborts the process instead of throwing.
import { type CST, Lexer, Parser } from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Source } from './source.js';

/** Levels of maps and lists. */
const DEEPEST = 32;
/** Far above any state file of 4 MiB that says something; bounds memory and time. */
const MOST_TOKENS = 1_000_000;
/** Problems of one kind in one file that are worth showing. */
export const MOST_PROBLEMS = 100;

type Found = (summary: string, detail: string, hint: string, start: number, end: number) => void;

/** Tokens of the first document; `undefined` when the file is beyond reading. */
export function scanTokens(source: Source, problems: Diagnostic[]): CST.Token[] | undefined {
  let count = 0;
  const found: Found = (summary, detail, hint, start, end) => {
    if (count++ >= MOST_PROBLEMS) return;
    problems.push({ severity: 'error', summary, detail, hint, ...source.placeAt(start, end) });
  };
  const { tokens, mayRefuse } = tokenize(source.text, found);
  if (!tokens) return undefined;
  const documents = tokens.filter((token) => token.type === 'document');
  const second = documents[1];
  if (second) {
    const hint = 'Put each document into a file of its own.';
    found('several documents', 'a state file is one YAML document', hint, second.offset, second.offset + 3);
  }
  const first = second ? tokens.slice(0, tokens.indexOf(second)) : tokens;
  if (mayRefuse) for (const token of first) scan(token, found);
  return first;
}

/** No `tokens` when the file is beyond reading. `mayRefuse`: something begins like a token that is refused. */
function tokenize(text: string, found: Found): { tokens?: CST.Token[]; mayRefuse: boolean } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  let mayRefuse = false;
  for (const lexeme of new Lexer().lex(text)) {
    mayRefuse ||= lexeme !== '' && INDICATORS.includes(lexeme.charAt(0));
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEEPEST) {
      const detail = `maps and lists are nested more than ${DEEPEST} levels deep`;
      found(
        'nested too deeply',
        detail,
        'No state file needs so many levels.',
        parser.offset - 1,
        parser.offset,
      );
      return { mayRefuse };
    }
    if (++count > MOST_TOKENS) {
      const detail = `the file has more than ${MOST_TOKENS} tokens`;
      found('file too large', detail, 'Split or shorten it.', parser.offset - 1, parser.offset);
      return { mayRefuse };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens, mayRefuse };
}

/** What anchors, aliases, tags and directives begin with; some other lexemes do too. */
const INDICATORS = '&*!%';

/** Recursion ends: `tokenize` bounds the depth. */
function scan(token: CST.Token, found: Found): void {
  refuse(token, found);
  if ('start' in token && Array.isArray(token.start)) scanAll(token.start, found);
  if ('props' in token) scanAll(token.props, found);
  if ('items' in token) for (const item of token.items) scanItem(item, found);
  if ('value' in token) scan(token.value, found);
}

function scanItem(item: CST.CollectionItem, found: Found): void {
  scanAll(item.start, found);
  if (item.key) scan(item.key, found);
  if (item.sep) scanAll(item.sep, found);
  if (item.value) scan(item.value, found);
}

function scanAll(tokens: CST.Token[], found: Found): void {
  for (const token of tokens) scan(token, found);
}

function refuse(token: CST.Token, found: Found): void {
  const refusal = REFUSALS[token.type];
  if (refusal && 'source' in token) found(...refusal, token.offset, token.offset + token.source.length);
}

const REFUSALS: Partial<Record<CST.Token['type'], [summary: string, detail: string, hint: string]>> = {
  anchor: [
    'anchor',
    'YAML anchors are not supported: a state file says everything where it stands',
    'Remove it; quote text that begins with "&".',
  ],
  alias: [
    'alias',
    'YAML aliases are not supported: a state file says everything where it stands',
    'Write out what it stands for; quote a pattern with "*" in it.',
  ],
  tag: [
    'tag',
    'YAML tags are not supported: the field decides the type of its value',
    'Remove it; quote text that begins with "!".',
  ],
  directive: ['directive', 'YAML directives are not supported: state files are YAML 1.2', 'Remove the line.'],
};
