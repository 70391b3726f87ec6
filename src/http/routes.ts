// What a path answers. Everything is read only, and text: what is unusual in it is escaped where it is shown.
export interface Answer {
  type: string;
  body: string | Uint8Array;
}

/** A rejection is answered with 503 and its message. */
export type Route = () => Answer | Promise<Answer>;

/** What a path answers, its query left out; `undefined` when there is no such page. */
export type Routes = (path: string) => Route | undefined;

export const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
} as const;

/** One document, as the commands print it with `--output json`. */
export function jsonAnswer(document: unknown): Answer {
  return { type: TYPES.json, body: JSON.stringify(document) };
}
