// Packets through a lab: pings and TCP from outside to the firewall's side, and floods.
// needs: lab
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { parseAddress } from '../../src/addresses/parse.js';
import type { Cidr } from '../../src/addresses/cidr.js';
import type { PacketDescription } from '../../src/model/policy.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import type { PacketFields } from '../../src/policy/fields/field.js';
import { parseFrame } from '../../src/policy/packet/parse.js';
import { finish, type Listening, listening, must, within } from './exec.js';
import { enter, type Network, type Pair } from './network.js';

export interface Pings {
  sent: number;
  received: number;
}

/** Pings an address of the firewall's side from outside, twenty times a second. */
export async function ping(network: Network, address: string, count: number): Promise<Pings> {
  const args = ['ping', '-n', '-q', '-c', String(count), '-i', '0.05', '-W', '1', address];
  const { stdout, stderr } = await finish(...within(network.outside, args));
  const counted = /(\d+) packets transmitted, (\d+) received/.exec(stdout);
  if (!counted) throw new Error(`ping: ${stdout}${stderr}`);
  return { sent: Number(counted[1]), received: Number(counted[2]) };
}

/** ICMP messages (IPv4) that got through to the firewall's own stack since its namespace was made. */
export async function icmpReceived(network: Network): Promise<number> {
  const snmp = await must(...within(network.firewall, ['cat', '/proc/self/net/snmp']));
  const [names, values] = snmp.split('\n').filter((line) => line.startsWith('Icmp: '));
  const column = names?.split(' ').indexOf('InMsgs') ?? -1;
  return Number(values?.split(' ')[column]);
}

/** A child process of test/children/ that speaks in lines. */
class Talker {
  readonly #process: Listening;
  readonly #lines;

  constructor(namespace: string, script: string, args: string[]) {
    const command = [process.execPath, join(inject('children'), script), ...args];
    this.#process = listening(...within(namespace, command));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** The next line that it says. */
  async hear(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true)
      throw new Error(`the child process ended without a word: ${(await this.#process).stderr}`);
    return line.value;
  }

  /** All lines until its end. */
  async hearAll(take: (line: string) => void): Promise<void> {
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next())
      take(line.value);
  }

  /** Ends its input, and waits for its end. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#process;
  }
}

/** A TCP connection from outside to a service behind the firewall that answers each line with itself. */
export interface Conversation extends AsyncDisposable {
  /** Sends a line and gives the answer; throws when none came within a minute. */
  say(line: string): Promise<string>;
}

export async function converse(network: Network, pair: Pair, port: number): Promise<Conversation> {
  const server = new Talker(network.firewall, 'tcp-echo.mjs', [pair.address, String(port)]);
  await server.hear();
  const client = new Talker(network.outside, 'tcp-client.mjs', [pair.address, String(port)]);
  await client.hear();
  return {
    say: (line) => {
      client.say(line);
      return client.hear();
    },
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await server.end();
    },
  };
}

export interface FloodLimits {
  /** Frames at most. */
  frames: number;
  /** Seconds at most. */
  seconds: number;
  /** What to send, in turn: in words, or as a whole frame. Default: ICMP echo replies, which nobody answers. */
  packets?: (PacketDescription | Uint8Array)[];
  /** Frames sent at once; then the kernel pauses for some 30 ms. Default: so many that the pauses are the shorter part. */
  atOnce?: number;
}

/** Frames from outside, hundreds of thousands a second. Some are lost on the way: the veth's ring is short. */
export interface Flood extends AsyncDisposable {
  /** Waits for the end of it and gives the number of frames sent. */
  done(): Promise<number>;
  /** Ends it early; the same number. */
  stop(): Promise<number>;
  /** Waits for the end of it: for each packet, seconds from its first turn to its last. */
  spans(): Promise<number[]>;
}

/** Has an interface of the firewall's side merge the packets of a stream (GRO). */
export async function mergePackets(network: Network, pair: Pair): Promise<void> {
  await must(...within(network.firewall, [process.execPath, join(inject('children'), 'gro.mjs'), pair.name]));
}

/** Floods one pair; resolves when frames are flowing. */
export async function flood(network: Network, pair: Pair, limits: FloodLimits): Promise<Flood> {
  await mergePackets(network, pair);
  const destinationMac = await macOf(network.firewall, pair.name);
  const ends = { source: ip(pair.peerAddress), destination: ip(pair.address) };
  const { packets = [{ protocol: 1, icmpType: 0, ...ends }], atOnce = 16_384 } = limits;
  const frames = packets.map((packet) =>
    Buffer.from(packet instanceof Uint8Array ? packet : buildPacket({ destinationMac, ...packet })).toString(
      'hex',
    ),
  );
  const numbers = [limits.frames, limits.seconds, atOnce].map(String);
  const sender = new Talker(network.outside, 'flood.mjs', [pair.peer, ...numbers, ...frames]);
  await sender.hear();
  let said: Promise<string> | undefined;
  const last = () => (said ??= sender.hear());
  const done = async () => Number((await last()).split(' ')[0]);
  const stop = async () => {
    const ended = sender.end();
    const count = await done();
    await ended;
    return count;
  };
  return {
    done,
    stop,
    spans: async () => (await last()).split(' ').slice(1).map(Number),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** As a number: first byte most significant. */
export async function macOf(namespace: string, name: string): Promise<number> {
  const [link] = JSON.parse(await must(...within(namespace, ['ip', '-j', 'link', 'show', name]))) as [
    { address: string },
  ];
  return parseInt(link.address.replaceAll(':', ''), 16);
}

/** An address for a PacketDescription. */
export function ip(text: string): Cidr {
  const address = parseAddress(text);
  if ('message' in address) throw new Error(`${text} ${address.message}`);
  return address;
}

/** IP packets that an interface hands to its stack. */
export interface Capture extends AsyncDisposable {
  /** So far; grows. */
  readonly packets: PacketFields[];
}

/** With `xdp`, it takes frames from XDP on the other side of the pair too; it must have no XDP program then. */
export async function capture(namespace: string, name: string, ...how: 'xdp'[]): Promise<Capture> {
  const listener = new Talker(namespace, 'capture.mjs', [name, ...how]);
  await listener.hear();
  const packets: PacketFields[] = [];
  const listening = listener.hearAll((line) => {
    const parsed = parseFrame(Buffer.from(line, 'hex'));
    if (parsed.shape === 'ip') packets.push(parsed.fields);
  });
  return {
    packets,
    [Symbol.asyncDispose]: async () => {
      await listener.end();
      await listening;
    },
  };
}

/** What a client meets at a TCP port: a service, a closed port, or nobody. */
export type Meeting = 'connected' | 'refused' | 'silence';

export async function connect(network: Network, address: string, port: number): Promise<Meeting> {
  // In this process: an answer is there at once, however late it is looked at.
  const { socket, met } = await enter(network.outside, async () => {
    const socket = connectSocket(port, address);
    // Heard from the first moment on: a refusal may be there before this function goes on.
    const met = new Promise<Meeting>((resolve, reject) => {
      socket.once('connect', () => {
        resolve('connected');
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') resolve('refused');
        else reject(error);
      });
    });
    await new Promise(setImmediate); // its SYN leaves a little later
    return { socket, met };
  });
  const silence = new Promise<Meeting>((resolve) => {
    setTimeout(() => {
      // A busy process hears of an answer and of the time at once, of the time first.
      setImmediate(() => {
        setImmediate(resolve, 'silence');
      });
    }, SILENCE);
  });
  try {
    return await Promise.race([met, silence]);
  } finally {
    socket.destroy();
  }
}

/** Milliseconds without an answer. */
const SILENCE = 1000;
