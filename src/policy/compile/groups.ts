// Joins fields into groups, so that few bit vectors are left to AND: the classes of a group's fields index one table of
// vectors. A table has at most PAIR_LIMIT entries; a field that does not fit stays alone.
import { Classes, intersect, lowest } from './bits.js';
import type { FieldClasses } from './field-classes.js';

/** Entries of one group's table: 8 bytes each in the kernel, one AND each for the compiler. */
const PAIR_LIMIT = 32768;

export interface Group {
  fields: { field: FieldClasses; stride: number }[];
  /** Sum of class * stride over the fields -> class in `classes`. */
  table: Uint32Array;
}

/**
 * Small fields first, each into the first group with room. At least one group, if only an empty one, of all `rules`. The
 * connection is in the first one, where the datapath adds it to the sum once it is known (bpf/classify.h).
 */
export function groupFields(fields: FieldClasses[], classes: Classes, rules: number): Group[] {
  const plans: { fields: FieldClasses[]; size: number }[] = [{ fields: [], size: 1 }];
  const order = (field: FieldClasses): number => (field.name === 'connection' ? 0 : field.classes.size);
  for (const field of fields.toSorted((x, y) => order(x) - order(y))) {
    const size = field.classes.size;
    const plan = plans.find(
      (candidate) => candidate.size * size <= PAIR_LIMIT || candidate.fields.length === 0,
    );
    if (plan) {
      plan.fields.push(field);
      plan.size *= size;
    } else plans.push({ fields: [field], size });
  }
  return plans.map((plan) => combine(plan.fields, classes, rules));
}

/** The vectors of all combinations; equal ones are joined at every field, so that few remain to be ANDed. */
function combine(fields: FieldClasses[], classes: Classes, rules: number): Group {
  const everything = lowest(classes.words, rules);
  const both = new Uint32Array(classes.words);
  let partial = new Classes(classes.words);
  let table = Uint32Array.of(partial.number(everything));
  const group: Group = { fields: [], table };
  for (const field of fields) {
    group.fields.push({ field, stride: table.length });
    const next = new Classes(classes.words);
    const size = partial.size;
    const joined = new Uint32Array(table.length * field.classes.size);
    for (let other = 0; other < field.classes.size; other++) {
      const numbers = new Uint32Array(size);
      for (let number = 0; number < size; number++) {
        numbers[number] = next.number(intersect(partial.at(number), field.classes.at(other), both));
      }
      for (let at = 0; at < table.length; at++)
        joined[other * table.length + at] = numbers[table[at] ?? 0] ?? 0;
    }
    table = joined;
    partial = next;
  }
  group.table = table.map((number) => classes.number(partial.at(number)));
  return group;
}
