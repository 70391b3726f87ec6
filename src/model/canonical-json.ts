// One text per value: what is hashed must not depend on the order in which somebody wrote an object's fields.

/** JSON without spaces, keys in code unit order, fields that are undefined left out (as JSON.stringify does). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? sortKeys(part) : part));
}

function isRecord(part: unknown): part is Record<string, unknown> {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}

function sortKeys(record: Record<string, unknown>): Record<string, unknown> {
  const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  return Object.fromEntries(Object.entries(record).sort(byKey));
}
