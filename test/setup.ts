// Around each test: what it has opened on the machine is closed when it is over, also when its time was up and it is still
// running. A test that passes has closed everything itself, or fails here.
import { afterAll, afterEach, beforeEach } from 'vitest';
import { closeSince, mark, type Mark } from './lab/open.js';

/** Milliseconds: a machine may have to be shut down. */
const CLOSING = 180_000;

const nothing: Mark = new Set();
let running = 0;
let before = nothing;

beforeEach(() => {
  // Of tests that run at the same time nobody knows whose is what: the last of them closes for all.
  if (running++ === 0) before = mark();
});

afterEach(async ({ task }) => {
  if (--running > 0) return;
  const left = await closeSince(before);
  if (left.length > 0 && task.result?.state !== 'fail') complain('test', left);
}, CLOSING);

afterAll(async () => {
  const left = await closeSince(nothing);
  if (left.length > 0) complain('tests of this file', left);
}, CLOSING);

function complain(who: string, left: string[]): never {
  throw new Error(`the ${who} left open: ${left.join(', ')}`);
}
