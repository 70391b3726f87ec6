// What to do about a field that is not known where it stands. Never only "remove it" where a match would ask less then: such a rule would
// decide packets that nobody meant.
import type { SchemaPlaces } from '../json-schema.js';
import { adviseActionKey } from './values.js';
import { didYouMean, fieldMeant } from './meant.js';

/** `path` is that of the map that has the field. */
export function adviseUnknownField(
  key: string,
  path: readonly PropertyKey[],
  schema: SchemaPlaces,
  isOfMatch: boolean,
): string {
  const known = schema.fields(path);
  const onAction = path.at(-1) === 'action' ? adviseActionKey(key, schema.words(path)) : undefined;
  return (
    onAction ?? didYouMean(fieldMeant(key, known)) ?? elsewhere(key, path, schema) ?? correctIt(isOfMatch)
  );
}

/** Above or below the place where it stands. */
function elsewhere(key: string, path: readonly PropertyKey[], { fields }: SchemaPlaces): string | undefined {
  for (const child of fields(path)) {
    const [meant] = fieldMeant(key, fields([...path, child]));
    if (meant !== undefined && child !== 'redirect')
      return `Write it into \`${child}\`: \`${child}: {${meant}: ...}\`.`;
  }
  for (let above = path; above.length > 0; above = above.slice(0, -1)) {
    const names = fields(above.slice(0, -1));
    const own = above.at(-1);
    if (typeof own === 'string' && names.includes(key)) return `Write it beside \`${own}\`, not into it.`;
  }
  return undefined;
}

function correctIt(isOfMatch: boolean): string {
  return isOfMatch
    ? 'Write one of these fields. Without a field in its place the match holds for more packets.'
    : 'Write one of these fields. Remove it if none was meant.';
}
