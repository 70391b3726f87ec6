// What the datapath leaves out of a capture, held against the reference: nothing that matches may be missing.
import { describe, expect, it } from 'vitest';
import { parseMatch } from '../../../src/desired/policy/match-text.js';
import { loadPolicy } from '../../../src/kernel/load-policy.js';
import { writeEntry } from '../../../src/kernel/map-write.js';
import { Fd } from '../../../src/kernel/fd.js';
import { TAP_SECTION } from '../../../src/kernel/pin-paths.js';
import { RingReader, SAMPLES } from '../../../src/kernel/samples.js';
import { testRun } from '../../../src/kernel/testrun.js';
import type { PacketDescription } from '../../../src/model/policy.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { matches } from '../../../src/policy/fields/registry.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../../src/policy/packet/parse.js';
import { makeTap, tapUntil } from '../../../src/policy/compile/tap.js';
import { bindForTest, firewallObject } from '../datapath.js';
import { policy } from '../policy.js';
import { Random, randomPacket } from '../random.js';

const FILTERS = [
  '',
  'family: 4',
  'family: 6',
  'protocol: tcp',
  'protocol: [udp, 132]',
  'protocol: tcp, destinationPort: [80, 443, 1000-2000]',
  'protocol: udp, sourcePort: 53',
  'source: 10.0.0.0/8',
  'destination: ["2001:db8::/32", 192.0.2.0/24]',
  'protocol: icmp, icmpType: echo-request',
  'fragment: later',
  'vlan: none',
  'ttl: 64',
  'etherType: arp',
];
const PACKETS = 70;
/** Such as the filters ask for, and chance seldom makes. */
const SURE: PacketDescription[] = [
  { protocol: 1, icmpType: 8 },
  { etherType: 0x0806 },
  { fragment: 'later' },
  { protocol: 6, destinationPort: 1500, vlan: [5, 6] },
  { protocol: 17, sourcePort: 53 },
];
const ALL = [0, 1, 2, 3, 4];

describe('the tap', () => {
  it.each(FILTERS)('lets through all that matches {%s}, and leaves others out', (text) => {
    const tables = bindForTest(compilePolicy(policy([])));
    using object = loadPolicy(firewallObject(), tables);
    using ring = new RingReader(new Fd(object.mapFd(SAMPLES)));
    const match = parseMatch(text);
    const random = new Random(7);
    const now = process.hrtime.bigint();
    writeEntry(
      object.mapFd(TAP_SECTION),
      TAP_SECTION,
      0,
      tapUntil(makeTap(match, ALL), now + 600_000_000_000n),
    );
    let [matching, left] = [0, 0];
    for (const packet of [...SURE, ...Array.from({ length: PACKETS }, () => randomPacket(random))]) {
      const frame = buildPacket(packet);
      const parsed = parseFrame(frame);
      const isWanted = text === '' || (parsed.shape !== 'malformed' && matches(match, parsed.fields));
      testRun(object.programFd(), { data: frame });
      const kept = ring.take().filter(({ watched }) => watched);
      if (kept.length === 0) left++;
      if (isWanted) {
        matching++;
        expect(
          kept.map((one) => Buffer.from(one.frame).toString('hex')),
          text,
        ).toEqual([Buffer.from(frame.subarray(0, 128)).toString('hex')]);
      }
    }
    expect(matching).toBeGreaterThan(0);
    if (/protocol|source|family/.test(text)) expect(left).toBeGreaterThan(0);
  });

  it('keeps what got one of the verdicts, until its time is over', () => {
    const tables = bindForTest(compilePolicy(policy([], { default: 'drop' })));
    using object = loadPolicy(firewallObject(), tables);
    using ring = new RingReader(new Fd(object.mapFd(SAMPLES)));
    const seen = (verdicts: number[], ns: bigint): number => {
      const until = process.hrtime.bigint() + ns;
      writeEntry(object.mapFd(TAP_SECTION), TAP_SECTION, 0, tapUntil(makeTap({}, verdicts), until));
      testRun(object.programFd(), { data: buildPacket({}) });
      return ring.take().length;
    };
    expect(seen([1], 60_000_000_000n)).toBe(1);
    expect(seen([2], 60_000_000_000n)).toBe(0);
    expect(seen([1], -60_000_000_000n)).toBe(0);
  });
});
