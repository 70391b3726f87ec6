// Blocks beside a policy: the table that is asked for the longest prefix alone, and the datapath beside the reference.
import { describe, expect, it } from 'vitest';
import { uptime } from '../../../src/kernel/boot.js';
import { type BlockEntry, holdsNetwork } from '../../../src/model/blocks.js';
import type { Cidr } from '../../../src/addresses/cidr.js';
import type { Protection } from '../../../src/model/policy.js';
import { tabulateBlocks } from '../../../src/policy/compile/block-table.js';
import { evaluate } from '../../../src/policy/evaluate.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { Datapath } from '../datapath.js';
import { policy } from '../policy.js';
import { broken, Random, randomProtection, randomNetwork, randomPacket, randomPolicy } from '../random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20260802);
const MINUTE = 60_000_000_000n;

function randomBlocks(random: Random, now: bigint): BlockEntry[] {
  return random.some(20, () => ({
    network: randomNetwork(random),
    until: now + BigInt(random.pick([-1, 1, 2, 3])) * MINUTE,
  }));
}

/** What a block is, said without a table. */
const blocks = (list: BlockEntry[], address: Cidr, at: bigint) =>
  list.some(({ network, until }) => at < until && holdsNetwork(network, address));

describe('the table of blocks', () => {
  it('has one entry for each network, and its longest prefix says what all of them say, at any time', () => {
    const random = new Random(SEED);
    for (let round = 0; round < 300; round++) {
      const list = randomBlocks(random, 0n);
      const table = tabulateBlocks(list);
      expect(new Set(table.map(({ network }) => JSON.stringify(network))).size).toBe(table.length);
      for (let query = 0; query < 30; query++) {
        const near = random.pick(list).network;
        const address = random.chance(50) ? { ...near, length: near.family === 4 ? 32 : 128 } : whole(random);
        const longest = table
          .filter(({ network }) => holdsNetwork(network, address))
          .sort((x, y) => y.network.length - x.network.length)[0];
        for (const at of [-2n * MINUTE, 0n, MINUTE + 1n, 2n * MINUTE + 1n, 4n * MINUTE]) {
          expect(longest !== undefined && at < longest.until).toBe(blocks(list, address, at));
        }
      }
    }
  });
});

/** A single address. */
function whole(random: Random): Cidr {
  for (;;) {
    const network = randomNetwork(random);
    if (network.length === (network.family === 4 ? 32 : 128)) return network;
  }
}

describe('the kernel blocks as the reference does', () => {
  it('over random policies, protect entries, blocks and frames, whole and broken', () => {
    const random = new Random(SEED);
    let blocked = 0;
    for (let round = 0; round < 30; round++) {
      const now = BigInt(Math.round(uptime() * 1e9));
      const list = randomBlocks(random, now);
      const wanted = randomPolicy(random, random.pick([0, 1, 5, 70]), Date.now());
      const protections: Protection[] = random.chance(60)
        ? random.some(3, () => ({ match: randomProtection(random), at: wanted.at }))
        : [];
      using path = new Datapath(wanted, protections, tabulateBlocks(list));
      for (let packet = 0; packet < 300; packet++) {
        const made = buildPacket({ ...randomPacket(random) });
        const frame = random.chance(20) ? broken(random, made) : made;
        const isBlocked = (source: Uint8Array) => blocks(list, toCidr(source), now);
        const expected = evaluate(wanted, protections, frame, { now: Date.now(), isBlocked });
        const got = path.ask(frame, { blocks: true });
        if (expected.row === '(blocked)') blocked++;
        if (got.verdict !== expected.verdict || got.row !== expected.row) {
          expect.fail(
            JSON.stringify({ got, expected, round, frame: Buffer.from(frame).toString('hex'), list }, text),
          );
        }
        const alone = evaluate(wanted, protections, frame, { now: Date.now() });
        expect(path.ask(frame)).toEqual({ verdict: alone.verdict, row: alone.row });
      }
    }
    expect(blocked).toBeGreaterThan(100);
  });

  it('in audit mode too, before neighbour discovery, and never before protect', () => {
    const all = ['0.0.0.0', '::'].map((_, at) => ({
      network: everything(at === 0 ? 4 : 6),
      until: 1n << 62n,
    }));
    const protections = [{ match: { destinationPort: [{ from: 22, to: 22 }] }, at: policy([]).at }];
    using path = new Datapath(policy([], { mode: 'audit' }), protections, all);
    const ask = (packet: Parameters<typeof buildPacket>[0]) =>
      path.ask(buildPacket(packet), { blocks: true });
    expect(ask({ family: 4, destinationPort: 80 })).toEqual({ verdict: 'drop', row: '(blocked)' });
    expect(ask({ family: 6, destinationPort: 80 })).toEqual({ verdict: 'drop', row: '(blocked)' });
    expect(ask({ family: 4, destinationPort: 22 })).toEqual({ verdict: 'pass', row: '(protect)' });
    expect(ask({ family: 6, protocol: 58, icmpType: 135 })).toEqual({ verdict: 'drop', row: '(blocked)' });
    expect(ask({ etherType: 0x0806 })).toEqual({ verdict: 'pass', row: '(non-ip)' });
  });
});

const everything = (family: 4 | 6): Cidr => ({ family, a: 0, b: 0, c: 0, d: 0, length: 0 });

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function toCidr(source: Uint8Array): Cidr {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const word = (at: number) => (at < source.length ? view.getUint32(at) : 0);
  const family = source.length === 4 ? 4 : 6;
  return { family, a: word(0), b: word(4), c: word(8), d: word(12), length: source.length * 8 };
}
