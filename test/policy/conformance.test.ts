// Shapes of packets that other firewalls let slip, under the three policies that show it. Each is asked of the kernel.
import { describe, expect, it } from 'vitest';
import type { Match, PacketDescription, Policy, Rule, Ending } from '../../src/model/policy.js';
import { decidedVerdict } from '../../src/policy/row-verdict.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { AT, policy, rule } from './policy.js';
import { addressSet } from '../support/addresses.js';

function policyOf(default_: 'pass' | 'drop', rules: Rule[]): Policy {
  return policy(rules, { default: default_ });
}

const SSH: Match = { protocol: [{ from: 6, to: 6 }], destinationPort: [{ from: 22, to: 22 }] };

const DROP_SSH = policy([rule('ssh', SSH, 'drop')]);
const ONLY_SSH = policy([rule('ssh', SSH, 'pass')], { default: 'drop' });
const DROP_ALL = policy([], { default: 'drop' });

interface Shape {
  name: string;
  packet: PacketDescription;
  /** Is it TCP to port 22? Then `ssh` decides; else the default. */
  ssh: boolean;
}

const both = (name: string, packet: PacketDescription, ssh: boolean): Shape[] =>
  ([4, 6] as const).map((family) => ({ name: `IPv${family} ${name}`, packet: { family, ...packet }, ssh }));
const six = (name: string, extensions: PacketDescription['extensions'] & object, ssh = true): Shape => ({
  name: `IPv6 ${name}`,
  packet: { family: 6, destinationPort: 22, extensions },
  ssh,
});
const hop = { kind: 'hop-by-hop' } as const;
const destination = { kind: 'destination-options', bytes: 24 } as const;
const routing = { kind: 'routing', bytes: 40 } as const;
const ah = { kind: 'ah', bytes: 24 } as const;

const SHAPES: Shape[] = [
  ...both('plain', { destinationPort: 22 }, true),
  ...both('another port', { destinationPort: 23 }, false),
  ...both('the port as source', { sourcePort: 22, destinationPort: 40000 }, false),
  ...both('UDP to 22', { protocol: 17, destinationPort: 22 }, false),
  ...both('SCTP to 22', { protocol: 132, destinationPort: 22 }, false),
  ...both('one VLAN tag', { destinationPort: 22, vlan: [100] }, true),
  ...both('two VLAN tags', { destinationPort: 22, vlan: [100, 200] }, true),
  ...both('first fragment', { destinationPort: 22, fragment: 'first' }, true),
  ...both('later fragment', { destinationPort: 22, fragment: 'later' }, false),
  ...both('GRE', { protocol: 47 }, false),
  ...both('ESP', { protocol: 50 }, false),
  ...both('no next header', { protocol: 59 }, false),
  { name: 'IPv4 IGMP', packet: { protocol: 2 }, ssh: false },
  { name: 'IPv4 options, least', packet: { destinationPort: 22, ipv4Options: 4 }, ssh: true },
  { name: 'IPv4 options, most', packet: { destinationPort: 22, ipv4Options: 40 }, ssh: true },
  {
    name: 'IPv4 options behind two tags',
    packet: { destinationPort: 22, ipv4Options: 40, vlan: [1, 2] },
    ssh: true,
  },
  six('hop-by-hop', [hop]),
  six('destination options', [destination]),
  six('routing', [routing]),
  six('AH', [ah]),
  six('atomic fragment', [{ kind: 'fragment' }]),
  six('first fragment behind a chain', [hop, destination, routing, { kind: 'fragment', more: true }, ah]),
  six('eight headers', [hop, destination, routing, ah, destination, routing, ah, destination]),
  six(
    'later fragment inside a first one',
    [
      { kind: 'fragment', more: true },
      { kind: 'fragment', offset: 3 },
    ],
    false,
  ),
];

/** What `ssh` or the default says of a shape. */
function expected(under: Policy, ssh: boolean): Ending['kind'] {
  const [rule] = under.rules;
  return rule && ssh ? decidedVerdict(under, rule.name) : under.default;
}

describe.each([
  ['drop TCP 22, pass the rest', DROP_SSH],
  ['drop all, pass TCP 22', ONLY_SSH],
  ['drop all', DROP_ALL],
])('%s', (_, under) => {
  it.each(SHAPES)('$name', ({ packet, ssh }) => {
    using path = new Datapath(under);
    const row = ssh && under.rules.length > 0 ? 'ssh' : '(default)';
    expect(path.ask(buildPacket(packet))).toEqual({ verdict: expected(under, ssh), row });
  });

  it('never reads a port out of a later fragment, whatever is forged into it', () => {
    using path = new Datapath(under);
    for (const packet of [{ family: 4 as const }, { family: 6 as const }]) {
      const frame = buildPacket({ ...packet, fragment: 'later' });
      const forged = buildPacket({ ...packet, destinationPort: 22 }).subarray(packet.family === 4 ? 34 : 54);
      frame.set(forged.subarray(0, 16), frame.length - 16);
      expect(path.ask(frame)).toEqual({ verdict: under.default, row: '(default)' });
    }
  });

  it('drops what is cut at any byte, and trusts no length that is beyond the frame', () => {
    using path = new Datapath(under);
    for (const { packet, ssh } of SHAPES) {
      const frame = buildPacket(packet);
      for (let bytes = 14; bytes < frame.length; bytes++) {
        const answer = path.ask(frame.subarray(0, bytes));
        expect(answer, `${bytes} of ${frame.length} bytes, ssh ${ssh}`).toEqual({
          verdict: 'drop',
          row: '(malformed)',
        });
      }
    }
  });

  it('drops a header that is cut although the IP length knows it', () => {
    using path = new Datapath(under);
    for (const protocol of [6, 17, 132, 1]) {
      const header = { 6: 20, 17: 8, 132: 12, 1: 8 }[protocol] ?? 0;
      for (let bytes = 0; bytes < header; bytes++) {
        const frame = buildPacket({ protocol, destinationPort: 22, length: 60 });
        new DataView(frame.buffer).setUint16(16, 20 + bytes); // the rest of the frame is padding now
        expect(path.ask(frame)).toEqual({ verdict: 'drop', row: '(malformed)' });
      }
    }
  });

  it.each([
    ['IHL below 5', 14, 0x44],
    ['version 5', 14, 0x55],
    ['TCP header below 20 bytes', 46, 0x40],
    ['TCP header beyond the packet', 46, 0xf0],
  ])('drops %s', (_name, at, value) => {
    using path = new Datapath(under);
    const frame = buildPacket({ destinationPort: 22 });
    frame[at] = value;
    expect(path.ask(frame)).toEqual({ verdict: 'drop', row: '(malformed)' });
  });

  it.each([
    ['three tags with id 0', '8100000081000000810000000800'],
    ['three tags with ids', '88a80001810000028100000308004500'],
    ['four tags, mixed', '88a80000810020008100e00088a8000086dd'],
    ['a third tag in front of ARP', '8100000081000000810000000806'],
  ])('drops %s', (_name, link) => {
    using path = new Datapath(under);
    const frame = `020000000001020000000002${link}${'00'.repeat(60)}`;
    expect(path.ask(Buffer.from(frame, 'hex'))).toEqual({ verdict: 'drop', row: '(malformed)' });
  });

  it('drops an IP packet behind three priority tags as it was seen on a wire', () => {
    using path = new Datapath(under);
    const frame = Buffer.from(
      '0200000000010200000000028100000081000000810000000800450000280001000040060000c6336407c00002019c40' +
        '001600000001000000005002ffff0000',
      'hex',
    );
    expect(path.ask(frame)).toEqual({ verdict: 'drop', row: '(malformed)' });
  });

  it('drops a ninth extension header', () => {
    using path = new Datapath(under);
    const extensions = Array.from({ length: 9 }, () => destination);
    expect(path.ask(buildPacket({ family: 6, destinationPort: 22, extensions })).row).toBe('(malformed)');
  });

  it('keeps ARP, LLDP and neighbour discovery alive', () => {
    using path = new Datapath(under);
    for (const etherType of [0x0806, 0x88cc]) {
      expect(path.ask(buildPacket({ etherType }))).toEqual({ verdict: 'pass', row: '(non-ip)' });
    }
    for (let icmpType = 133; icmpType <= 137; icmpType++) {
      const answer = path.ask(buildPacket({ family: 6, protocol: 58, icmpType }));
      expect(answer).toEqual({ verdict: 'pass', row: '(protect)' });
    }
    expect(path.ask(buildPacket({ family: 6, protocol: 58, icmpType: 128 })).row).toBe('(default)');
  });
});

describe('vlan', () => {
  it.each([
    [[], 'none'],
    [[0], 'none'],
    [[0, 0], 'none'],
    [[7], 'seven'],
    [[0, 7], 'seven'],
    [[7, 0], 'seven'],
    [[7, 8], 'seven'],
    [[8, 7], '(default)'],
  ])('of tags %j is what Linux takes them for', (vlan, row) => {
    using path = new Datapath(
      policy([rule('none', { vlan: ['none'] }, 'drop'), rule('seven', { vlan: [7] }, 'drop')]),
    );
    expect(path.ask(buildPacket({ vlan })).row).toBe(row);
  });
});

describe('families', () => {
  const all = (family: 4 | 6): Match => ({
    source: addressSet([{ family, a: 0, b: 0, c: 0, d: 0, length: 0 }]),
  });
  it.each([4, 6] as const)('a rule for all of IPv%i leaves the other family alone', (family) => {
    const other = family === 4 ? 6 : 4;
    using path = new Datapath(
      policyOf('pass', [{ name: 'all', match: all(family), action: { kind: 'drop' }, at: AT }]),
    );
    expect(path.ask(buildPacket({ family }))).toEqual({ verdict: 'drop', row: 'all' });
    expect(path.ask(buildPacket({ family: other }))).toEqual({ verdict: 'pass', row: '(default)' });
  });

  it('a narrow allow behind a broad deny does not open it, and one before it does', () => {
    const deny: Rule = { name: 'deny', match: all(4), action: { kind: 'drop' }, at: AT };
    const allow: Rule = { name: 'allow', match: SSH, action: { kind: 'pass' }, at: AT };
    using closed = new Datapath(policyOf('pass', [deny, allow]));
    using open = new Datapath(policyOf('pass', [allow, deny]));
    expect(closed.ask(buildPacket({ destinationPort: 22 })).row).toBe('deny');
    expect(open.ask(buildPacket({ destinationPort: 22 })).row).toBe('allow');
  });
});
