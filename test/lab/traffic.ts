// Packets through a lab: pings and TCP from outside to the firewall's side, and floods.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { inject } from 'vitest';
import { clean, finish, must, within } from './exec.js';
import type { Network, Pair } from './network.js';

export interface Pings {
  sent: number;
  received: number;
}

/** Pings the firewall's side from outside, twenty times a second. */
export async function ping(network: Network, pair: Pair, count: number): Promise<Pings> {
  const args = ['ping', '-n', '-q', '-c', String(count), '-i', '0.05', '-W', '1', pair.address];
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
  readonly #process;
  readonly #lines;
  constructor(namespace: string, script: string, args: string[]) {
    const command = [process.execPath, join(inject('children'), script), ...args];
    this.#process = execa(...within(namespace, command), {
      ...clean({ timeout: 120_000 }),
      stderr: 'inherit',
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** The next line that it says. */
  async hear(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the child process ended without a word');
    return line.value;
  }

  /** Ends its input, and waits for its end. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#process;
  }
}

/** A TCP connection from outside to a service behind the firewall that answers each line with itself. */
export interface Conversation extends AsyncDisposable {
  /** Sends a line and gives the answer; throws when none came within 5 s. */
  say(line: string): Promise<string>;
}

const PORT = 7007;

export async function converse(network: Network, pair: Pair): Promise<Conversation> {
  const server = new Talker(network.firewall, 'tcp-echo.mjs', [pair.address, String(PORT)]);
  await server.hear();
  const client = new Talker(network.outside, 'tcp-client.mjs', [pair.address, String(PORT)]);
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
}

/** ICMP echo replies from outside, hundreds of thousands a second. Some are lost on the way: the veth's ring is short. */
export interface Flood extends AsyncDisposable {
  /** Waits for the end of it and gives the number of frames sent. */
  done(): Promise<number>;
  /** Ends it early; the same number. */
  stop(): Promise<number>;
}

/** Floods one pair; resolves when frames are flowing. */
export async function flood(network: Network, pair: Pair, limits: FloodLimits): Promise<Flood> {
  const target = JSON.parse(
    await must(...within(network.firewall, ['ip', '-j', 'link', 'show', pair.name])),
  ) as [{ address: string }];
  await must(...within(network.firewall, [process.execPath, join(inject('children'), 'gro.mjs'), pair.name]));
  const args = [pair.peer, target[0].address, pair.peerAddress, pair.address].concat(
    [limits.frames, limits.seconds].map(String),
  );
  const sender = new Talker(network.outside, 'flood.mjs', args);
  await sender.hear();
  let sent: Promise<number> | undefined;
  const done = () => (sent ??= sender.hear().then(Number));
  const stop = async () => {
    const ended = sender.end();
    const count = await done();
    await ended;
    return count;
  };
  return {
    done,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
