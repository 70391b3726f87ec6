// Runs a pinned program on a frame again and again, from the CPU that it is bound to: storm PIN FRAMES SECONDS HEX
// Says `ready`, begins at the time that its input says (ns of the monotonic clock), and stops after that many frames or seconds. Says how many frames they were, and
// when it began and ended, in ns of the monotonic clock.
import { text } from 'node:stream/consumers';
import { openPin } from '../../src/kernel/pinned.js';
import { testRun } from '../../src/kernel/testrun.js';

/** Frames of one call: each call waits some milliseconds for the kernel to prepare it. */
const AT_ONCE = 1 << 20;

const [path = '', frames, seconds, hex = ''] = process.argv.slice(2);
using program = openPin(path);
if (!program) throw new Error(`nothing is pinned at ${path}`);
const data = Buffer.from(hex, 'hex');
console.log('ready');
const begin = BigInt(await text(process.stdin));
while (process.hrtime.bigint() < begin); // asleep it would be late
const start = process.hrtime.bigint();
const limit = start + BigInt(Math.round(Number(seconds) * 1e9));
let sent = 0;
while (sent < Number(frames) && process.hrtime.bigint() < limit) {
  const repeat = Math.min(AT_ONCE, Number(frames) - sent);
  testRun(program.number, { data, repeat });
  sent += repeat;
}
console.log([sent, start, process.hrtime.bigint()].join(' '));
