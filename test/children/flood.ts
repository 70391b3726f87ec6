// Sends ICMP echo replies out of an interface as fast as it can: flood INTERFACE MAC FROM TO FRAMES SECONDS
// Ends after that many frames or seconds, or when its input ends. Says `flowing`, and at the end how many it sent.
import { setImmediate as turn } from 'node:timers/promises';
import { Fd } from '../../src/kernel/fd.js';
import { checked, libbpf } from '../../src/kernel/ffi.js';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { liveFrames } from '../../src/kernel/testrun.js';

const BATCH = 64;
const BATCHES_A_TURN = 16;

/** `return XDP_TX`: r0 = 3; exit */
function loadSender(): Fd {
  const code = Buffer.from('b7000000030000009500000000000000', 'hex');
  return new Fd(checked('load the sender', libbpf().progLoad(6, 'flood', 'GPL', code, 2, null)));
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function echoReply(mac: string, from: string, to: string): Buffer {
  const address = (text: string) => text.split('.').map(Number);
  const icmp = Buffer.alloc(26); // type 0: an echo reply, which nobody answers
  icmp.writeUInt16BE(checksum(icmp), 2);
  const ip = Buffer.from([
    0x45,
    0,
    0,
    20 + icmp.length,
    0,
    0,
    0,
    0,
    64,
    1,
    0,
    0,
    ...address(from),
    ...address(to),
  ]);
  ip.writeUInt16BE(checksum(ip), 10);
  const ethernet = Buffer.from(`${mac.replaceAll(':', '')}0200000000010800`, 'hex');
  return Buffer.concat([ethernet, ip, icmp]);
}

const [name = '', mac = '', from = '', to = '', frames, seconds] = process.argv.slice(2);
const ifindex = listInterfaces().find((one) => one.name === name)?.ifindex ?? 0;
using sender = loadSender();
const stopped = new AbortController();
process.stdin.resume().on('end', () => {
  stopped.abort();
});

const data = echoReply(mac, from, to);
const end = performance.now() + Number(seconds) * 1000;
let sent = 0;
while (!stopped.signal.aborted && sent < Number(frames) && performance.now() < end) {
  const repeat = Math.min(BATCH * BATCHES_A_TURN, Number(frames) - sent);
  liveFrames(sender.number, { data, ingressIfindex: ifindex, repeat, batchSize: BATCH });
  if (sent === 0) console.log('flowing');
  sent += repeat;
  await turn();
}
console.log(sent);
process.stdin.destroy();
