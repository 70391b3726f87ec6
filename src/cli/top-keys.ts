// What each key does to what `top` shows. Independent of a terminal.
import type { Sort, TopState } from '../report/top.js';

const SORT_KEYS: Record<string, Sort | undefined> = { p: 'packets', b: 'bits', t: 'total', n: 'name' };

export type Pressed = TopState | 'quit' | 'stop';

/** `key`: what the terminal sends for it. `page`: rules that are shown at once. */
export function press(state: TopState, key: string, page: number): Pressed {
  if (key === '\x03') return 'quit';
  if (key === '\x1a') return 'stop';
  return state.editing ? write(state, key) : command(state, key, page);
}

function write(state: TopState, key: string): TopState {
  if (key === '\r' || key === '\n') return { ...state, editing: false };
  if (key === '\x1b') return { ...state, editing: false, filter: '' };
  if (key === '\x7f' || key === '\b')
    return { ...state, filter: Array.from(state.filter).slice(0, -1).join('') };
  if (/^\p{C}/u.test(key)) return state;
  return { ...state, filter: state.filter + key, scroll: 0 };
}

function command(state: TopState, key: string, page: number): Pressed {
  const sort = SORT_KEYS[key];
  if (sort) return { ...state, sort, scroll: 0 };
  const scroll = SCROLL[key]?.(state.scroll, page);
  if (scroll !== undefined) return { ...state, scroll: Math.max(0, scroll) };
  switch (key) {
    case 'q':
      return 'quit';
    case 'r':
      return { ...state, reverse: !state.reverse, scroll: 0 };
    case '/':
      return { ...state, editing: true };
    case '\x1b':
      return { ...state, filter: '' };
    case ' ':
      return { ...state, paused: !state.paused };
    default:
      return state;
  }
}

const SCROLL: Record<string, ((from: number, page: number) => number) | undefined> = {
  '\x1b[A': (from) => from - 1,
  '\x1bOA': (from) => from - 1,
  k: (from) => from - 1,
  '\x1b[B': (from) => from + 1,
  '\x1bOB': (from) => from + 1,
  j: (from) => from + 1,
  '\x1b[5~': (from, page) => from - page,
  '\x1b[6~': (from, page) => from + page,
  '\x1b[H': () => 0,
  '\x1b[1~': () => 0,
  '\x1b[F': () => Number.MAX_SAFE_INTEGER,
  '\x1b[4~': () => Number.MAX_SAFE_INTEGER,
};

/** What was read at once -> the keys in it: several come together when the connection is slow. */
export function splitKeys(read: string): string[] {
  return read.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|[\s\S]/gu) ?? [];
}
