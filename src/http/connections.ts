// Which connections are kept when there are too many: one client may have some, all together a few more, and whoever comes new
// is served. What gives way is the oldest one that waits for nothing, of whoever has the most.
import { isIPv6, type Socket } from 'node:net';

export interface ConnectionLimits {
  /** Of one client. */
  each: number;
  all: number;
}

export class Connections {
  /** Client -> its connections, oldest first. */
  readonly #open = new Map<string, Set<Socket>>();
  readonly #answering = new Set<Socket>();
  #count = 0;

  constructor(private readonly limits: ConnectionLimits) {}

  add(socket: Socket): void {
    const client = clientOf(socket.remoteAddress);
    const own = this.#open.get(client) ?? new Set();
    this.#open.set(client, own.add(socket));
    this.#count++;
    socket.once('close', () => {
      this.#forget(client, socket);
    });
    if (own.size > this.limits.each) this.#end(client, own);
    else if (this.#count > this.limits.all) this.#end(...this.#largest());
  }

  /** An answer is made for it until `done` is called. */
  answering(socket: Socket): { done: () => void } {
    this.#answering.add(socket);
    return { done: () => this.#answering.delete(socket) };
  }

  #largest(): [string, Set<Socket>] {
    return [...this.#open].reduce((most, one) => (one[1].size > most[1].size ? one : most));
  }

  #end(client: string, own: Set<Socket>): void {
    const [oldest] = own;
    const idle = [...own].find((socket) => !this.#answering.has(socket)) ?? oldest;
    if (!idle) return;
    this.#forget(client, idle);
    idle.destroy();
  }

  #forget(client: string, socket: Socket): void {
    const own = this.#open.get(client);
    if (own?.delete(socket) !== true) return;
    this.#count--;
    this.#answering.delete(socket);
    if (own.size === 0) this.#open.delete(client);
  }
}

/** An IPv4 address, a /64 of IPv6, of which one host has all addresses; those of a socket in the file system are one client. */
export function clientOf(address = ''): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::', 2);
  const words = head.split(':').filter(Boolean);
  const missing = 8 - words.length - tail.split(':').filter(Boolean).length;
  return [...words, ...Array<string>(address.includes('::') ? missing : 0).fill('0'), ...tail.split(':')]
    .slice(0, 4)
    .join(':');
}
