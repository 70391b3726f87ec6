import { expect, it } from 'vitest';
import { isUtf8 } from '../../src/cli/top.js';
import { press, splitKeys } from '../../src/cli/top-keys.js';
import { TOP_START, type TopState } from '../../src/report/top.js';

function after(...keys: string[]): TopState {
  return keys.reduce<TopState>((state, key) => {
    const next = press(state, key, 10);
    if (typeof next === 'string') throw new Error(next);
    return next;
  }, TOP_START);
}

it('sorts, scrolls, pauses, filters', () => {
  expect(after('b', 'r')).toMatchObject({ sort: 'bits', reverse: true });
  expect(after('\x1b[B', '\x1b[6~', 'k', 'k')).toMatchObject({ scroll: 9 });
  expect(after('\x1b[A')).toMatchObject({ scroll: 0 });
  expect(after(' ')).toMatchObject({ paused: true });
  expect(after('/', 'q', 'é', 'x', '\x7f', '\r')).toMatchObject({ filter: 'qé', editing: false });
  expect(after('/', 'a', '\x1b')).toMatchObject({ filter: '', editing: false });
  expect(after('/', '\x1b[A', '\x01')).toMatchObject({ filter: '', editing: true });
});

it('ends on q and Ctrl-C, the latter while a filter is written as well', () => {
  expect(press(TOP_START, 'q', 10)).toBe('quit');
  expect(press({ ...TOP_START, editing: true }, '\x03', 10)).toBe('quit');
  expect(press(TOP_START, '\x1a', 10)).toBe('stop');
});

it('tells keys that come together apart', () => {
  expect(splitKeys('p\x1b[A\x1b[6~/😀\x1bOB')).toEqual(['p', '\x1b[A', '\x1b[6~', '/', '😀', '\x1bOB']);
});

it('believes the first locale that is set', () => {
  expect(isUtf8({ LANG: 'de_DE.UTF-8' })).toBe(true);
  expect(isUtf8({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' })).toBe(false);
  expect(isUtf8({ LC_ALL: '', LC_CTYPE: 'C.utf8' })).toBe(true);
  expect(isUtf8({})).toBe(false);
});
