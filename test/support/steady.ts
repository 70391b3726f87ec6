// Conversations that go on while the host changes: TCP and UDP from both ends, and pings, with what got lost of them.
// needs: lab
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, inject } from 'vitest';
import type { Lab } from '../lab.js';
import { finish, listening, within } from '../lab/exec.js';

/** What one conversation came to; numbers of bytes (TCP) or of datagrams (UDP). */
interface Talk {
  sent: number;
  /** Behind the last one that was answered. */
  next: number;
  /** Never answered, although later ones were. */
  lost: number;
  /** What went wrong first; empty where nothing did. */
  trouble: string;
}

/** What the TCP of both ends has counted since the conversations began. */
export interface TcpCounts {
  retransmitted: number;
  resets: number;
}

export interface Change {
  tcp: TcpCounts;
  datagramsLost: number;
  pings: { sent: number; lost: number };
}

/** Ports of the services, TCP and UDP: those of this host, and those of the world outside. */
export const SERVED = 7022;
const ASKED = 7443;

const ECHO_UDP = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (message, from) => socket.send(message, from.port, from.address));
socket.bind(Number(process.argv[2]), process.argv[1], () => console.log('listening'));
process.stdin.resume().on('end', () => process.exit(0));
`;

class Child implements AsyncDisposable {
  readonly #running;
  readonly #lines;

  constructor(namespace: string, args: string[]) {
    this.#running = listening(...within(namespace, [process.execPath, ...args]));
    this.#lines = createInterface({ input: this.#running.stdout })[Symbol.asyncIterator]();
  }

  async hear(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`a conversation ended: ${(await this.#running).stderr}`);
    return line.value;
  }

  ask(): Promise<string> {
    this.#running.stdin.write('\n');
    return this.hear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.kill('SIGKILL');
    await Promise.allSettled([this.#running]);
  }
}

export class SteadyTraffic implements AsyncDisposable {
  readonly #started: Child[] = [];
  readonly #talks = new Map<string, Child>();

  private constructor(private readonly lab: Lab) {}

  /** All of it over veth0. */
  static async begin(lab: Lab): Promise<SteadyTraffic> {
    const traffic = new SteadyTraffic(lab);
    const { address, peerAddress } = lab.pair('veth0');
    const { firewall, outside } = lab.network;
    const ends = [
      { name: 'into this host', at: firewall, from: outside, to: address, port: SERVED },
      { name: 'out of this host', at: outside, from: firewall, to: peerAddress, port: ASKED },
    ];
    for (const { name, at, from, to, port } of ends)
      for (const kind of ['tcp', 'udp']) {
        const echo = kind === 'tcp' ? [child('tcp-echo')] : ['-e', ECHO_UDP];
        await traffic.#start(at, [...echo, to, String(port)]);
        const talk = await traffic.#start(from, [child('steady'), kind, to, String(port)]);
        traffic.#talks.set(`${kind} ${name}`, talk);
      }
    return traffic;
  }

  async #start(namespace: string, args: string[]): Promise<Child> {
    const started = new Child(namespace, args);
    this.#started.push(started);
    await started.hear();
    return started;
  }

  /** Makes a change under traffic, and waits until everything that was said before its end is answered, or what comes after it. */
  async during(change: () => Promise<unknown>): Promise<Change> {
    const before = await this.#tcp();
    const lostBefore = await this.#lost();
    const ping = listening(...within(this.lab.network.firewall, this.#pings()));
    const first = new Promise((resolve) => ping.stdout.once('data', resolve));
    await first;
    await change();
    await this.#goOn();
    ping.kill('SIGINT');
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec((await ping).stdout) ?? [];
    const after = await this.#tcp();
    return {
      tcp: {
        retransmitted: after.retransmitted - before.retransmitted,
        resets: after.resets - before.resets,
      },
      datagramsLost: (await this.#lost()) - lostBefore,
      pings: { sent: Number(sent), lost: Number(sent) - Number(received) },
    };
  }

  #pings(): string[] {
    return ['ping', '-n', '-i', '0.01', this.lab.pair('veth0').peerAddress];
  }

  async #goOn(): Promise<void> {
    for (const [name, talk] of this.#talks) {
      const { sent } = await told(talk);
      await expect
        .poll(async () => (await told(talk)).next, { message: name, timeout: 60_000 })
        .toBeGreaterThan(sent);
      expect((await told(talk)).trouble, name).toBe('');
    }
  }

  async #lost(): Promise<number> {
    let sum = 0;
    for (const talk of this.#talks.values()) sum += (await told(talk)).lost;
    return sum;
  }

  async #tcp(): Promise<TcpCounts> {
    const counts = { retransmitted: 0, resets: 0 };
    for (const namespace of [this.lab.network.firewall, this.lab.network.outside]) {
      const { stdout } = await finish(...within(namespace, ['cat', '/proc/self/net/snmp']));
      const [names, values] = stdout.split('\n').filter((line) => line.startsWith('Tcp: '));
      const count = (name: string) => Number(values?.split(' ')[names?.split(' ').indexOf(name) ?? -1]);
      counts.retransmitted += count('RetransSegs');
      counts.resets += count('OutRsts') + count('EstabResets');
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#started) await one[Symbol.asyncDispose]();
  }
}

function child(name: string): string {
  return join(inject('children'), `${name}.mjs`);
}

async function told(talk: Child): Promise<Talk> {
  return JSON.parse(await talk.ask()) as Talk;
}
