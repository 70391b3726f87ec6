// Sends frames out of an interface as fast as it can: flood INTERFACE FRAMES SECONDS AT-ONCE HEX...
// Several frames take turns, so many copies at once. Ends after that many frames or seconds, or when its input ends. Says
// `flowing`, and at the end how many it sent and, for each, how many seconds lie between its first turn and its last.
import { setImmediate as turn } from 'node:timers/promises';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { liveFrames } from '../../src/kernel/testrun.js';
import { loadVerdict } from '../lab/verdict-program.js';

const [name = '', frames, seconds, atOnce, ...packets] = process.argv.slice(2);
const ifindex = listInterfaces().find((one) => one.name === name)?.ifindex ?? 0;
using sender = loadVerdict('tx');
const stopped = new AbortController();
process.stdin.resume().on('end', () => {
  stopped.abort();
});

const contents = packets.map((packet) => Buffer.from(packet, 'hex'));
const starts: number[][] = contents.map(() => []);
const end = performance.now() + Number(seconds) * 1000;
let sent = 0;
for (let next = 0; !stopped.signal.aborted && sent < Number(frames) && performance.now() < end; next++) {
  const index = next % contents.length;
  const repeat = Math.min(Number(atOnce), Number(frames) - sent);
  starts[index]?.push(performance.now());
  liveFrames(sender.number, { data: contents[index] ?? Buffer.alloc(0), ingressIfindex: ifindex, repeat });
  if (sent === 0) console.log('flowing');
  sent += repeat;
  await turn();
}
const spans = starts.map((times) => ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000);
console.log([sent, ...spans].join(' '));
process.stdin.destroy();
