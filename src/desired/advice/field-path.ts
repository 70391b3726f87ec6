/** The names of a path, without the numbers of items. */
export function fieldPath(path: readonly PropertyKey[]): string[] {
  return path.filter((key) => typeof key === 'string');
}
