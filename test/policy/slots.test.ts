import { describe, expect, it } from 'vitest';
import { BUILTIN_ROWS } from '../../src/model/policy.js';
import { assignSlots, COUNTER_SLOTS } from '../../src/policy/slots.js';

describe('counter slots', () => {
  it('begin with the built-in rows', () => {
    const { slots } = assignSlots(new Map(), ['a', '(default)', 'a', 'b']);
    expect([...slots]).toEqual([...BUILTIN_ROWS.map((row, slot) => [row, slot]), ['a', 5], ['b', 6]]);
  });

  it('stay with a name that moves, goes and comes back', () => {
    const first = assignSlots(new Map(), ['a', 'b', 'c']).slots;
    const second = assignSlots(first, ['c', 'x']).slots;
    const third = assignSlots(second, ['b', 'x', 'a']).slots;
    for (const name of ['a', 'b', 'c']) expect(third.get(name)).toBe(first.get(name));
    expect(third.get('x')).toBe(second.get('x'));
  });

  it('are taken from names that are gone when all are used, and say that they must be cleared', () => {
    const names = Array.from({ length: COUNTER_SLOTS - BUILTIN_ROWS.length }, (_, index) => `old-${index}`);
    const full = assignSlots(new Map(), names).slots;
    const { slots, cleared } = assignSlots(full, ['old-0', 'new']);
    expect(slots.get('old-0')).toBe(full.get('old-0'));
    expect(slots.has('old-1')).toBe(false);
    expect(cleared).toEqual([slots.get('new')]);
    expect(() => assignSlots(full, [...names, 'new'])).toThrow('all are in use');
  });
});
