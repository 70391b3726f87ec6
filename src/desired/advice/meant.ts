// Which of the names that may stand at a place was meant by a word that may not: what another tool calls it, else the closest in letters.
import { closest } from '../../text/suggest.js';
import { oneOf, quote } from '../../text/wording.js';
import { FIELD_WORDS, meaningsOf, plain, VALUE_WORDS } from './words-of-others.js';

/** More are a list, which the message has already. */
const MOST = 3;

/** `names`: the fields that may stand there. Several where the word may mean each of them; none where nothing is like it. */
export function fieldMeant(word: string, names: readonly string[]): string[] {
  return meant(word, names, FIELD_WORDS);
}

/** `names`: the values that may stand there. */
export function valueMeant(word: string, names: readonly string[]): string[] {
  return meant(word, names, VALUE_WORDS);
}

function meant(word: string, names: readonly string[], tables: typeof FIELD_WORDS): string[] {
  const same = names.filter((name) => plain(name) === plain(word));
  if (same.length > 0) return same;
  const translated = meaningsOf(word, tables).filter((name) => names.includes(name));
  const found = translated.length > 0 ? translated : closest(word, names);
  return found.length > MOST ? [] : found;
}

/** `undefined` where nothing was meant. */
export function didYouMean(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `Did you mean ${oneOf(names.map(quote))}?`;
}
