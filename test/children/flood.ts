// Sends frames out of an interface as fast as it can: flood INTERFACE FRAMES SECONDS HEX...
// Several frames take turns, a batch each. Ends after that many frames or seconds, or when its input ends. Says
// `flowing`, and at the end how many it sent and how many seconds that took.
import { setImmediate as turn } from 'node:timers/promises';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { liveFrames } from '../../src/kernel/testrun.js';
import { loadVerdict } from '../lab/verdict-program.js';

const BATCH = 64;
const BATCHES_A_TURN = 16;

const [name = '', frames, seconds, ...packets] = process.argv.slice(2);
const ifindex = listInterfaces().find((one) => one.name === name)?.ifindex ?? 0;
using sender = loadVerdict('tx');
const stopped = new AbortController();
process.stdin.resume().on('end', () => {
  stopped.abort();
});

const contents = packets.map((packet) => Buffer.from(packet, 'hex'));
const start = performance.now();
const end = start + Number(seconds) * 1000;
let last = start;
let sent = 0;
for (let next = 0; !stopped.signal.aborted && sent < Number(frames) && performance.now() < end; next++) {
  const repeat = Math.min(BATCH * BATCHES_A_TURN, Number(frames) - sent);
  const data = contents[next % contents.length] ?? Buffer.alloc(0);
  liveFrames(sender.number, { data, ingressIfindex: ifindex, repeat, batchSize: BATCH });
  last = performance.now();
  if (sent === 0) console.log('flowing');
  sent += repeat;
  await turn();
}
console.log(`${sent} ${(last - start) / 1000}`);
process.stdin.destroy();
