// What goes on while one build takes over from another: a TCP connection that talks, pings over IPv6 that are all answered,
// and echo replies over IPv4 that are all dropped. None of it may notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Background, background, within } from '../lab/exec.js';
import type { Lab } from '../lab.js';
import type { Conversation, Flood } from '../lab/traffic.js';

/** Frames at once: fewer than a veth's ring holds, so that none of the pings is lost in it. */
const AT_ONCE = 64;
const LONGEST = 110; // s

export class Traffic implements AsyncDisposable {
  #said = 0;
  #ended = false;
  readonly #talking: Promise<unknown>;

  private constructor(
    private readonly lab: Lab,
    private readonly received: number,
    private readonly conversation: Conversation,
    private readonly flood: Flood,
    private readonly pings: Background,
  ) {
    this.#talking = this.#talk().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** On an interface where ICMP over IPv4 is dropped, and nothing else of this. */
  static async flow(lab: Lab, name = 'veth0'): Promise<Traffic> {
    const received = await lab.icmpReceived();
    const conversation = await lab.converse(name);
    const flood = await lab.flood({ frames: 1e9, seconds: LONGEST, atOnce: AT_ONCE }, name);
    const ping = ['ping', '-6', '-n', '-q', '-i', '0.02', '-W', '5', lab.pair(name).address6];
    const pings = background(...within(lab.network.outside, ping));
    return new Traffic(lab, received, conversation, flood, pings);
  }

  /** Ends it: every line and every ping was answered, and no frame that is dropped came through. */
  async unbroken(): Promise<void> {
    this.#ended = true;
    expect(await this.#talking, 'the connection').toBeUndefined();
    expect(this.#said, 'lines that were answered').toBeGreaterThan(0);
    expect(await this.flood.stop(), 'frames that were to be dropped').toBeGreaterThan(0);
    this.pings.kill('SIGINT');
    const { stdout } = await this.pings;
    const [, sent, answered] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
    expect(Number(sent), stdout).toBeGreaterThan(0);
    // The one that is on its way when it ends does not count.
    expect(Number(sent) - Number(answered), stdout).toBeLessThanOrEqual(1);
    expect(await this.lab.icmpReceived(), 'ICMP over IPv4 that came through').toBe(this.received);
  }

  async #talk(): Promise<void> {
    for (; !this.#ended; this.#said++) {
      const line = `line ${this.#said}`;
      expect(await this.conversation.say(line)).toBe(line);
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#talking;
    this.pings.kill('SIGKILL');
    await this.pings;
    await this.flood.stop();
    await this.conversation[Symbol.asyncDispose]();
  }
}
