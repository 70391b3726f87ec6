// Rates in the kernel: whose bucket a packet takes from, how much, and what the rule then matches; beside the reference, whose
// buckets never refill. So do those here, within the test: an hour is longer.
import { describe, expect, it } from 'vitest';
import type { Cidr } from '../../src/addresses/cidr.js';
import type { PacketDescription, Policy, RateLimit, Rule } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { doneWith } from '../support/answer.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../src/policy/packet/parse.js';
import { fillOf, FILLS, USUAL_PREFIX, WHOLE_ADDRESS } from '../../src/policy/rate-limit.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';
import { broken, Random, randomPacket, randomPolicy } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261130);
const TCP = { protocol: [{ from: 6, to: 6 }] };

function limited(rateLimit: RateLimit, kind: 'pass' | 'drop' = 'drop'): Policy {
  return policy([rule('limit', TCP, kind, { rateLimit })], { default: kind === 'pass' ? 'drop' : 'pass' });
}

const four = (a: number): Cidr => ({ family: 4, a, b: 0, c: 0, d: 0, length: 32 });
const six = (b: number, c: number, d: number): Cidr => ({ family: 6, a: 0x20010db8, b, c, d, length: 128 });

/** How many of the packets the row decided. */
function decided(wanted: Policy, row: string, packets: PacketDescription[]): number {
  using path = new Datapath(wanted);
  for (const packet of packets) path.run(buildPacket(packet));
  return path.counted(row).packets;
}

const HOUR = { packetsPerHour: 1, burst: 8 };
const MANY = Array.from({ length: 7500 }, (_, at) => at);

describe('whose bucket', () => {
  it('one /64 of IPv6 has one: of 7,500 addresses in it, 8 packets are within the rate', () => {
    const limit: RateLimit = { ...HOUR, per: 'source', prefix: USUAL_PREFIX };
    const packets = MANY.map((at) => ({ source: six(1, at * 7919, at) }));
    expect(decided(limited(limit), 'limit', packets)).toBe(7492);
  });

  it('of what an earlier release recorded, each address has one', () => {
    const packets = MANY.map((at) => ({ source: six(1, 0, at) }));
    expect(decided(limited({ ...HOUR, per: 'source' }), 'limit', packets)).toBe(0);
  });

  it.each<[string, RateLimit['prefix'] & object, PacketDescription[], number]>([
    [
      '/24 of IPv4',
      { ipv4: 24, ipv6: 64 },
      MANY.slice(0, 256).map((at) => ({ source: four(0x0a000000 + at) })),
      1,
    ],
    ['/32 of IPv4', USUAL_PREFIX, MANY.slice(0, 256).map((at) => ({ source: four(0x0a000000 + at) })), 256],
    ['/0 of IPv4', { ipv4: 0, ipv6: 0 }, MANY.slice(0, 256).map((at) => ({ source: four(at << 24) })), 1],
    ['/56 of IPv6', { ipv4: 32, ipv6: 56 }, MANY.slice(0, 256).map((at) => ({ source: six(at, 0, 0) })), 1],
    ['/64 of IPv6', USUAL_PREFIX, MANY.slice(0, 256).map((at) => ({ source: six(at, 0, 0) })), 256],
    ['/120 of IPv6', { ipv4: 32, ipv6: 120 }, MANY.slice(0, 512).map((at) => ({ source: six(0, 0, at) })), 2],
    ['/0, of each family', { ipv4: 0, ipv6: 0 }, [{ source: four(7) }, { source: six(0, 0, 7) }], 2],
  ])('%s', (_, prefix, packets, buckets) => {
    const limit: RateLimit = { packetsPerHour: 1, burst: 1, per: 'source', prefix };
    expect(decided(limited(limit), '(default)', [...packets, ...packets])).toBe(buckets);
  });

  it('each destination, whatever the source', () => {
    const limit: RateLimit = { packetsPerHour: 1, burst: 2, per: 'destination', prefix: USUAL_PREFIX };
    const packets = MANY.slice(0, 100).map((at) => ({ source: four(at), destination: four(at % 3) }));
    expect(decided(limited(limit), '(default)', packets)).toBe(6);
  });
});

describe('what the rule matches', () => {
  it('below: it passes what is within the rate, and the default drops the rest', () => {
    using path = new Datapath(limited({ ...HOUR, per: 'rule', when: 'below' }, 'pass'));
    const verdicts = MANY.slice(0, 20).map(() => path.run(buildPacket({})));
    expect(verdicts).toEqual([...new Array<string>(8).fill('pass'), ...new Array<string>(12).fill('drop')]);
  });

  it('above: it passes the excess alone', () => {
    using path = new Datapath(limited({ ...HOUR, per: 'rule' }, 'pass'));
    const verdicts = MANY.slice(0, 20).map(() => path.run(buildPacket({})));
    expect(verdicts).toEqual([...new Array<string>(8).fill('drop'), ...new Array<string>(12).fill('pass')]);
  });

  it('a question is answered as if no rate were exceeded, however many packets came', () => {
    const frame = buildPacket({});
    for (const when of [undefined, 'below'] as const) {
      using path = new Datapath(limited({ ...HOUR, per: 'rule', ...(when && { when }) }, 'pass'));
      const before = path.ask(frame);
      path.run(frame, 100);
      expect(path.ask(frame)).toEqual(before);
    }
  });
});

describe('how much', () => {
  it.each([
    ['an hour', { packetsPerHour: 1, burst: 277_777 }, 277_777],
    ['a minute', { packetsPerMinute: 1, burst: 16_666_666 }, 300_000],
    ['a second', { packetsPerSecond: 1, burst: 1_000_000_000 }, 300_000],
    ['bytes', { bytesPerSecond: 1, burst: 1_000_000 }, Math.ceil(1_000_000 / 98)],
  ] as const)('the largest bucket of %s is no smaller and no larger than it says', (_, limit, within) => {
    using path = new Datapath(limited({ ...limit, per: 'rule' }));
    const frame = buildPacket({ length: 84 });
    path.run(frame, 300_000);
    // Within the seconds of the test a few tokens come back.
    const over = path.counted('(default)').packets - within;
    expect(over).toBeGreaterThanOrEqual(0);
    expect(over).toBeLessThan(60);
  });

  it.each([
    ['hour', { packetsPerHour: 3_600_000, burst: 60_000 }],
    ['minute', { packetsPerMinute: 60_000, burst: 60_000 }],
    ['bytes', { bytesPerSecond: 98_000, burst: 60_000 * 98 }],
  ] as const)('it refills by time, a thousand packets a second: %s', (_, limit) => {
    using path = new Datapath(limited({ ...limit, per: 'rule' }));
    const frame = buildPacket({ length: 84 });
    /** When it was emptied: not before, not after, and what had passed then. */
    const empty = (): [number, number, number] => {
      const before = performance.now();
      path.run(frame, 100_000);
      return [before, performance.now(), path.counted('(default)').packets];
    };
    const [from, until, first] = empty();
    while (performance.now() - until < 1000);
    const [begin, end, second] = empty();
    expect(second - first).toBeGreaterThan((begin - until) * 0.98);
    expect(second - first).toBeLessThan((end - from) * 1.02);
  });

  it('100 Gbit/s of the smallest frames is told from more', () => {
    using path = new Datapath(limited({ bytesPerSecond: 12_500_000_000, burst: 600_000, per: 'rule' }));
    const frame = buildPacket({ length: 46 });
    expect(path.run(frame, 100_000)).toBe('pass'); // nothing is as fast
    expect(path.counted('limit').packets).toBe(0);
  });
});

/** Buckets that never refill: key -> what was taken. */
class Buckets {
  readonly #taken = new Map<string, number>();

  constructor(private readonly frame: () => Uint8Array) {}

  readonly exceeds = ({ name, rateLimit }: Rule): boolean => {
    if (!rateLimit) return false;
    const key = `${name} ${this.#whose(rateLimit)}`;
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= rateLimit.burst) return true;
    const cost = FILLS[fillOf(rateLimit).name].of === 'bytes' ? this.frame().length : 1;
    this.#taken.set(key, taken + cost);
    return false;
  };

  #whose({ per, prefix = WHOLE_ADDRESS }: RateLimit): string {
    const parsed = parseFrame(this.frame());
    const address = per === 'rule' || parsed.shape === 'malformed' ? undefined : parsed.fields[per];
    if (per === 'rule' || !address) return String(per === 'rule');
    const bits = [...address].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return `${address.length} ${bits.slice(0, address.length === 4 ? prefix.ipv4 : prefix.ipv6)}`;
  }
}

describe('the kernel limits as the reference does', () => {
  it('over random policies and frames, whole and broken, each of which takes from its bucket', () => {
    const random = new Random(SEED);
    let limitedOnes = 0;
    for (let round = 0; round < 40; round++) {
      const { rules, ...rest } = randomPolicy(random, random.pick([1, 3, 12, 70]), Date.now());
      const limits = rules.map(({ name, match, action, at }): Rule => {
        const one = { name, match, action, at };
        const fill = random.pick([{ packetsPerHour: 1 }, { bytesPerSecond: 1e-3 }]);
        const burst = 'bytesPerSecond' in fill ? 2000 : random.pick([1, 3]);
        const prefix = random.pick([
          USUAL_PREFIX,
          WHOLE_ADDRESS,
          { ipv4: random.below(33), ipv6: random.below(129) },
        ]);
        const per = random.pick(['rule', 'source', 'destination'] as const);
        const rateLimit: RateLimit = {
          ...fill,
          burst,
          per,
          prefix,
          ...(random.chance(50) && { when: 'below' }),
        };
        return random.chance(60) ? { ...one, rateLimit } : one;
      });
      const wanted: Policy = { ...rest, rules: limits };
      using path = new Datapath(wanted);
      let frame: Uint8Array = new Uint8Array();
      const { exceeds } = new Buckets(() => frame);
      for (let packet = 0; packet < 400; packet++) {
        const whole = buildPacket(randomPacket(random));
        frame = random.chance(20) ? broken(random, whole) : whole;
        const expected = evaluate(wanted, [], frame, { now: Date.now(), exceeds });
        if (expected.rule?.rateLimit) limitedOnes++;
        const before = path.counted(expected.row).packets;
        const got = path.run(frame);
        const said = JSON.stringify({ expected, frame: Buffer.from(frame).toString('hex') });
        expect(got, `seed ${SEED}, round ${round}, packet ${packet}: ${said}`).toBe(
          doneWith(expected, frame),
        );
        expect(path.counted(expected.row).packets, said).toBe(before + 1);
      }
    }
    expect(limitedOnes).toBeGreaterThan(500);
  });
});

describe('neighbour discovery that passes', () => {
  const solicitation: PacketDescription = { family: 6, protocol: 58, icmpType: 135 };
  const [RATE, BURST] = [2000, 10_000];

  it('is metered: what is above the rate is decided by the rules and the default', () => {
    using path = new Datapath(policy([], { default: 'drop' }));
    const started = performance.now();
    path.run(buildPacket(solicitation), 200_000);
    const most = BURST + ((performance.now() - started) / 1000) * RATE;
    const { packets } = path.counted('(protect)');
    expect(packets).toBeGreaterThanOrEqual(BURST);
    expect(packets).toBeLessThanOrEqual(most + 1);
    expect(path.counted('(default)').packets).toBe(200_000 - packets);
  });

  it('above the rate, protect entries and rules decide it as the reference says', () => {
    const icmp = { protocol: [{ from: 58, to: 58 }] };
    const wanted = policy([rule('rest', icmp, 'drop')]);
    using path = new Datapath(wanted);
    const frame = buildPacket(solicitation);
    path.run(frame, 100_000);
    const { row } = evaluate(wanted, [], frame, { discoveryExceeds: true });
    expect([row, path.counted('rest').packets > 80_000]).toEqual(['rest', true]);
  });

  it('has come over no router: with another hop limit it is a packet like others, and takes nothing', () => {
    const wanted = policy([], { default: 'drop' });
    using path = new Datapath(wanted);
    const far = buildPacket({ ...solicitation, ttl: 254 });
    expect(path.run(far, 50_000)).toBe('drop');
    expect(evaluate(wanted, [], far).row).toBe('(default)');
    expect(path.run(buildPacket(solicitation))).toBe('pass');
  });

  it('comes after a block', () => {
    const source = six(0, 0, 9);
    const blocks = [{ network: source, until: 1n << 62n }];
    using path = new Datapath(policy([]), [], blocks);
    const frame = buildPacket({ ...solicitation, source });
    expect(path.run(frame)).toBe('drop');
    expect(path.ask(frame, { blocks: true }).row).toBe('(blocked)');
    expect(evaluate(policy([]), [], frame, { isBlocked: () => true }).row).toBe('(blocked)');
    expect(path.run(buildPacket(solicitation))).toBe('pass');
  });
});
