// Finds the comments of a YAML file. Text in quotes or in a block scalar is not a comment.
import { CST, Lexer } from 'yaml';
import type { Comment } from '../../policy/analysis/ignores.js';
import type { Source } from './source.js';

export function commentsOf(source: Source): Comment[] {
  const found: Comment[] = [];
  let offset = 0;
  let isScalar = false; // a marker goes before the text of a plain or block scalar
  for (const lexeme of new Lexer().lex(source.text)) {
    const type: CST.TokenType | null | undefined = isScalar ? undefined : CST.tokenType(lexeme);
    isScalar = type === 'scalar';
    if (type === 'comment') {
      const { at, excerpt } = source.placeAt(offset);
      const alone = excerpt?.slice(0, at.column - 1).trim() === '';
      found.push({ text: lexeme, at, alone });
    }
    if (!type || !MARKERS.includes(type)) offset += lexeme.length;
  }
  return found;
}

/** What the lexer says about the text without being of it. */
const MARKERS: CST.TokenType[] = ['scalar', 'doc-mode', 'flow-error-end'];
