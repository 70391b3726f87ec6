// How values are named in messages.

const LONGEST_QUOTE = 60;

/** Quoted, and cut where it is too long to be read. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);
}

/** `a, b or c`. */
export function oneOf(values: string[]): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}

/** What a value is that something else was expected for. */
export function describe(input: unknown): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  return typeof input === 'string' ? quote(input) : `the ${typeof input} ${input as number | boolean}`;
}

/** What is wrong with a value: `message` follows the name of the field (`must be ...`). */
export interface Problem {
  /** Default: `invalid value`. */
  summary?: string;
  message: string;
  hint?: string;
}
