// Packets of links without an Ethernet header: the program that reads them from the IP header on gives the verdict of the reference,
// over random policies and packets, whole and broken, and takes nothing for IP that Linux may take for something else.
// needs: lab
import { describe, expect, it } from 'vitest';
import { testRun } from '../../src/kernel/testrun.js';
import type { Policy, Verdict } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { behindEthernet, isIpAtFirst } from '../../src/policy/packet/no-ethernet.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';
import { broken, Random, randomPacket, randomPolicy } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261201);
const VERDICTS = ['aborted', 'drop', 'pass', 'tx', 'redirect'];

/** Of real packets, which are counted, and so of a policy without rates; such an interface has none with `tx` or `redirect`. */
function plain(random: Random, rules: number): Policy {
  const made = randomPolicy(random, rules, Date.now());
  return {
    ...made,
    rules: made.rules.map(({ name, match, at, until, action: { kind } }) => ({
      ...{ name, match, at, ...(until !== undefined && { until }) },
      action: { kind: kind === 'pass' ? 'pass' : 'drop' },
    })),
  };
}

function expected(under: Policy, packet: Uint8Array): Verdict {
  if (!isIpAtFirst(packet)) return under.mode === 'audit' ? 'pass' : under.malformed;
  return evaluate(under, [], behindEthernet(packet, packet.length).frame, { now: Date.now() }).verdict;
}

function verdict(path: Datapath, packet: Uint8Array): string | undefined {
  return VERDICTS[testRun(path.program, { data: packet }).verdict];
}

describe('a program for packets that begin with the IP header', () => {
  it.each([0, 1, 5, 65])('decides as the reference does, with %i rules', (rules) => {
    const random = new Random(SEED + rules);
    for (let round = 0; round < 15; round++) {
      const under = plain(random, rules);
      using path = new Datapath(under, [], undefined, round % 2 === 1, true);
      for (let asked = 0; asked < 300; asked++) {
        const described = randomPacket(random);
        delete described.etherType;
        const whole = buildPacket({ ...described, vlan: [], sourceMac: 0, destinationMac: 0 }).subarray(14);
        const packet = random.chance(40) ? broken(random, whole) : whole;
        const hex = Buffer.from(packet).toString('hex');
        expect(verdict(path, packet), `seed ${SEED}, round ${round}: ${hex}`).toBe(expected(under, packet));
      }
    }
  });

  it('a question is a frame there too', () => {
    using path = new Datapath(
      policy([
        rule('ssh', { destinationPort: [{ from: 22, to: 22 }], protocol: [{ from: 6, to: 6 }] }, 'drop'),
      ]),
      [],
      undefined,
      false,
      true,
    );
    expect(path.ask(buildPacket({ destinationPort: 22 }))).toEqual({ verdict: 'drop', row: 'ssh' });
  });

  it.each([
    ['ARP', '0001080006040001' + '00'.repeat(20)],
    ['MPLS', '0000014045000028' + '00'.repeat(20)],
    ['a priority tag in front of IPv4', '0000080045000028' + '00'.repeat(40)],
    ['a priority tag that looks like IPv4', '4000080045000028' + '00'.repeat(40)],
    ['a priority tag that looks like IPv6, in front of IPv4', '600008004500003b3b' + '00'.repeat(17_800)],
    ['in front of IPv6', '600086dd6000000000' + '00'.repeat(24_700)],
    ['in front of another tag', '60008100000008004500' + '00'.repeat(100)],
    ['in front of another tag of 802.1ad', '600088a82000080045' + '00'.repeat(8300)],
  ])('%s is malformed', (_name, hex) => {
    using path = new Datapath(policy([]), [], undefined, true, true);
    expect(verdict(path, Buffer.from(hex, 'hex'))).toBe('drop');
  });

  it('IPv6 with a flow label that is an EtherType passes', () => {
    using path = new Datapath(policy([]), [], undefined, true, true);
    for (const type of [0x0800, 0x86dd, 0x8100, 0x88a8]) {
      const packet = buildPacket({ family: 6 }).subarray(14);
      new DataView(packet.buffer, packet.byteOffset).setUint16(2, type);
      expect(verdict(path, packet)).toBe('pass');
    }
  });
});
