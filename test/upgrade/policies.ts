// Policies that say everything that the old build understands, and packets that tell their rules apart.
import { expect } from 'vitest';
import { explain } from '../../src/inspect/explain.js';
import type { Lab } from '../lab.js';
import { hostFile } from '../support/host.js';
import { policyFile } from '../support/policies.js';

const udp = (destinationPort: number) => ({ protocol: 'udp', destinationPort });
const macs = { sourceMac: '02:00:00:00:00:09', destinationMac: '02:00:00:00:00:01' };

/** Every field, action and setting of a rule. Pings are dropped, and TCP to port 7007 passes. */
const RULES = [
  { name: 'no-ping', match: { protocol: 'icmp', icmpType: ['echo-request', 'echo-reply'] }, action: 'drop' },
  { name: 'service', match: { protocol: 'tcp', destinationPort: 7007 }, action: 'pass' },
  { name: 'listed', match: { source: { list: 'bad' } }, action: 'drop' },
  {
    name: 'slow',
    match: udp(9),
    rateLimit: { packetsPerSecond: 1, burst: 4, per: 'source', sources: 1000 },
    action: 'drop',
  },
  { name: 'slow-together', match: udp(10), rateLimit: { packetsPerSecond: 1, burst: 2 }, action: 'drop' },
  { name: 'ends', match: udp(11), action: 'drop', until: '2499-01-01T00:00:00Z', log: { oneIn: 2 } },
  { name: 'ended', match: udp(12), action: 'drop', until: '2020-01-01T00:00:00Z' },
  {
    name: 'flags',
    match: { protocol: 'tcp', tcpFlags: [{ syn: true, fin: true }, { urg: true }] },
    action: 'drop',
  },
  { name: 'low', match: { ttl: '0-4', dscp: [46, '8-10'] }, action: 'drop' },
  { name: 'long', match: { family: 6, length: '1000-1400', protocol: 'udp' }, action: 'drop' },
  { name: 'tagged', match: { vlan: [7, 8], protocol: 'udp' }, action: 'drop' },
  { name: 'untagged', match: { vlan: 'none', sourcePort: '53-54', protocol: 'udp' }, action: 'drop' },
  { name: 'pieces', match: { fragment: 'later', destination: '198.51.100.0/24' }, action: 'drop' },
  { name: 'macs', match: macs, action: 'drop' },
  { name: 'lldp', match: { etherType: 'lldp' }, action: 'drop' },
  { name: 'unreachable', match: { protocol: 'icmp', icmpType: 3, icmpCode: [1, '9-10'] }, action: 'drop' },
  { name: 'back', match: udp(13), action: 'tx' },
  { name: 'aside', match: udp(14), action: { redirect: { interface: 'veth1' } } },
  { name: 'cpu', match: udp(15), action: { redirect: { cpu: 0 } } },
];

/** Packets, each with the row that decides it. */
const DECIDED: [packet: Record<string, unknown>, row: string][] = [
  [{ protocol: 'icmp', icmpType: 'echo-request' }, 'no-ping'],
  [{ protocol: 'tcp', destinationPort: 7007 }, 'service'],
  [{ protocol: 'tcp', source: '203.0.113.9' }, 'listed'],
  [udp(11), 'ends'],
  [udp(12), '(default)'],
  [{ protocol: 'tcp', tcpFlags: { syn: true, fin: true } }, 'flags'],
  [{ protocol: 'udp', ttl: 3, dscp: 9 }, 'low'],
  [{ protocol: 'udp', family: 6, length: 1200 }, 'long'],
  [{ protocol: 'udp', vlan: 8 }, 'tagged'],
  [{ protocol: 'udp', sourcePort: 53 }, 'untagged'],
  [{ fragment: 'later', destination: '198.51.100.7' }, 'pieces'],
  [macs, 'macs'],
  [{ etherType: 'lldp' }, 'lldp'],
  [{ protocol: 'icmp', icmpType: 3, icmpCode: 9 }, 'unreachable'],
  [udp(13), 'back'],
  [udp(14), 'aside'],
  [udp(15), 'cpu'],
  [{ protocol: 'tcp', source: '203.0.113.9', destinationPort: 22 }, '(protect)'],
  [{ protocol: 'tcp', destinationPort: 80 }, '(default)'],
];

const TESTS = [
  { name: 'ping dies', packet: DECIDED[0]?.[0], expect: 'drop', rule: 'no-ping' },
  { name: 'the service lives', packet: DECIDED[1]?.[0], expect: 'pass', rule: 'service' },
];

/** As the old build counted for one source. */
export const PER_ADDRESS = { source: { ipv4: 32, ipv6: 128 } };

/** Every setting of a policy and of an interface; `veth1` audits. `more`: of the Host file. `per`: what `slow` is per. */
export function writeEverything(lab: Lab, more = '', per: unknown = 'source'): void {
  const rules = RULES.map((rule) =>
    rule.name === 'slow' ? { ...rule, rateLimit: { ...rule.rateLimit, per } } : rule,
  );
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', {
      nonIp: 'match',
      fragments: 'match',
      malformed: 'pass',
      lists: { bad: { format: 'plain', maxEntries: 1000, maxShrink: '50%', skipBad: true } },
      rules,
      tests: TESTS,
    }),
    'policies/audit.yaml': policyFile('audit', {
      mode: 'audit',
      default: 'drop',
      neighborDiscovery: 'match',
      lists: { bad: { skipBad: true } },
      rules: [{ name: 'listed', match: { destination: { list: 'bad' } }, action: 'drop' }],
    }),
    'lists/bad.txt': '203.0.113.0/28\n2001:db8:bad::/48\n',
    'hosts/lab.yaml':
      hostFile({
        veth0: 'mode: native, policy: edge, drift: enforce',
        veth1: 'mode: generic, policy: audit, drift: warn',
      }) + `protect: [{protocol: tcp, destinationPort: 22}]\n${more}`,
  });
}

/** The attached program decides each packet by its row, and the state files say the same. */
export async function expectDecisions(lab: Lab): Promise<void> {
  const { state: stateDir, bpffs, dataDir } = lab;
  const options = { bpffs, dataDir, from: { stateDir, host: 'lab' } };
  await lab.inside(async () => {
    for (const [packet, row] of DECIDED) {
      const text = JSON.stringify(packet);
      const explained = await explain('veth0', text, options);
      expect(explained, text).toMatchObject({ running: { row }, desired: { row, same: true } });
    }
  });
}
