// Finds the place in a file for a path of keys. A missing field gets the place of the map that should have it.
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Source, Place } from './source.js';
import { type Field, fieldsOf } from './yaml.js';

export type Target = 'key' | 'value';

export interface Location {
  place: Place;
  /** False when the path does not lead to anything in the file. */
  found: boolean;
}

/**
 * `value` shows a scalar itself and a map, a list or nothing by its key. A path that ends early is shown where it
 * ends; the root is shown at its first field.
 */
export function locate(root: Node, path: PropertyKey[], target: Target, source: Source): Location {
  let node: Node | null = root;
  let key: Node = root;
  for (const segment of path) {
    const next = step(node, segment);
    if (!next) return { place: show(key, source), found: false };
    key = next.key;
    node = next.value;
  }
  const shown = target === 'value' && hasText(node) ? node : key;
  return { place: show(shown, source), found: true };
}

function hasText(node: Node | null): node is Scalar | Alias {
  return isAlias(node) || (isScalar(node) && node.value !== null);
}

function step(node: Node | null, segment: PropertyKey): { key: Node; value: Node | null } | undefined {
  if (isMap(node)) return fieldsOf(node).find((field: Field) => field.key.value === segment);
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(segment)] as Node | undefined;
  return item && { key: item, value: item };
}

function show(node: Node, source: Source): Place {
  const [start, end] = node.range ?? [0, 0];
  return isMap(node) || isSeq(node) ? source.placeAt(start) : source.placeAt(start, end);
}
