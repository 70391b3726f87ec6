// Services and networks by name: what they stand for, and what is refused, with the exact place.
import { expect, test } from 'vitest';
import { loadHost } from '../../../src/desired/load.js';
import { parseMatch } from '../../../src/desired/policy/match-text.js';
import { validateState } from '../../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { formatCidr } from '../../../src/addresses/format.js';
import { toCidrs } from '../../../src/addresses/networks.js';
import type { Match } from '../../../src/model/policy.js';
import { readPolicy } from '../readers.js';
import { type Files, hostFile, placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const service = (name: string, ports: string): Files => ({
  [`services/${name}.yaml`]: `apiVersion: xdpkeep/v1\nkind: Service\nname: ${name}\nports: ${ports}\n`,
});
const network = (name: string, addresses: string): Files => ({
  [`networks/${name}.yaml`]: `apiVersion: xdpkeep/v1\nkind: Network\nname: ${name}\naddresses: ${addresses}\n`,
});
const OWN: Files = {
  ...service('app', '{tcp: [8080, 9000-9010], udp: 8080}'),
  ...service('both', '{tcp: 7000, udp: 7000}'),
  ...network('office', '[192.0.2.0/24, "2001:db8::/32", {list: partners}]'),
  ...network('all', '[{network: office}, 198.51.100.7]'),
  'lists/partners.txt': '203.0.113.0/24\n',
};
const withMatch = (match: string): string =>
  policyFile('rules:', `- {name: abc, match: {${match}}, action: drop}`);

function read(match: string, more: Files = {}) {
  return readPolicy(stateDir({ 'policies/edge.yaml': withMatch(match), ...OWN, ...more }));
}

function matchOf(match: string, more: Files = {}): Match {
  const { policy, problems } = read(match, more);
  expect(problems).toEqual([]);
  return policy?.rules[0]?.match ?? {};
}

const port = (from: number, to = from) => ({ from, to });

test.each<[match: string, expected: Match]>([
  ['service: ssh', { service: [{ protocol: 6, ports: [port(22)] }] }],
  [
    'service: [ssh, dns, app]',
    {
      service: [
        { protocol: 6, ports: [port(22), port(53), port(8080), port(9000, 9010)] },
        { protocol: 17, ports: [port(53), port(8080)] },
      ],
    },
  ],
  ['not: {service: ntp}', { not: { service: [{ protocol: 17, ports: [port(123)] }] } }],
  [
    'protocol: [tcp, udp], destinationPort: [dns, both, 9]',
    { protocol: [port(6), port(17)], destinationPort: [port(53), port(7000), port(9)] },
  ],
  [
    'protocol: tcp, not: {sourcePort: app}',
    { protocol: [port(6)], not: { sourcePort: [port(8080), port(9000, 9010)] } },
  ],
])('%s', (match, expected) => {
  expect(matchOf(match)).toEqual(expected);
});

test('one of my own goes before one of IANA', () => {
  expect(matchOf('service: ssh', service('ssh', '{tcp: 2222}')).service).toEqual([
    { protocol: 6, ports: [port(2222)] },
  ]);
});

test('networks are those of their files, of lists and of other files', () => {
  const { source } = matchOf('source: [{network: all}, 10.0.0.1]');
  expect(source && toCidrs(source.content()).map(formatCidr)).toEqual([
    '10.0.0.1',
    '192.0.2.0/24',
    '198.51.100.7',
    '203.0.113.0/24',
    '2001:db8::/32',
  ]);
  expect(source?.lists).toEqual(['partners']);
});

test.each<[match: string, expected: string[], more?: Files]>([
  ['service: shs', ['5:32-35 unknown service']],
  ['service: [ssh, nope], not: {service: nah}', ['5:38-42 unknown service', '5:60-63 unknown service']],
  ['service: 22', ['5:32-34 wrong type']],
  ['service: ssh, destinationPort: 2222, protocol: tcp', ['5:32-35 contradiction']],
  ['protocol: udp, service: ssh', ['5:47-50 contradiction']],
  ['protocol: icmp, service: ssh', ['5:48-51 contradiction']],
  ['service: ssh, icmpType: 8', ['5:47-48 ICMP field without ICMP']],
  ['protocol: udp, destinationPort: ssh', ['5:55-58 port of another protocol']],
  ['protocol: [tcp, udp], destinationPort: app', ['5:62-65 port of another protocol']],
  ['service: ntp, sourcePort: ntp', ['5:49-52 port without its protocol']],
  ['destinationPort: ssh', ['5:40-43 port without a port protocol']],
  ['protocol: udp, not: {destinationPort: [53, ssh]}', ['5:66-69 port of another protocol']],
  ['source: {network: offic}', ['5:41-46 unknown network']],
  ['source: {network: office, list: partners}', ['5:23-29 invalid value']],
  ['not: {source: [{network: none}]}', ['5:48-52 unknown network']],
])('%s is refused', (match, expected, more = {}) => {
  const { problems } = read(match, more);
  expect(problems.map((one) => placeAndSummary(one).replace('policies/edge.yaml:', ''))).toEqual(expected);
});

test.each<[name: string, files: Files, expected: string[]]>([
  ['no ports', service('bad', '{}'), ['services/bad.yaml:4:1-6 invalid value']],
  ['another protocol', service('bad', '{icmp: 8}'), ['services/bad.yaml:4:9-13 unknown field']],
  ['a port too high', service('bad', '{tcp: 65536}'), ['services/bad.yaml:4:14-19 invalid value']],
  [
    'a circle',
    { ...network('a', '{network: b}'), ...network('b', '[{network: a}]') },
    ['networks/a.yaml:4:22-23 networks in a circle'],
  ],
  ['itself', network('a', '{network: a}'), ['networks/a.yaml:4:22-23 networks in a circle']],
  ['an unknown list', network('a', '{list: none}'), ['networks/a.yaml:4:19-23 unknown list']],
  ['nothing', network('a', '[]'), ['networks/a.yaml:4:1-10 invalid value']],
])('files that nobody names are checked: %s', async (_name, files, expected) => {
  const folder = stateDir({
    'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}'),
    'policies/edge.yaml': policyFile(),
    ...files,
  });
  const { diagnostics } = await validateState(
    { stateDir: folder, store: new MemoryObjectStore() },
    { exec: true },
  );
  expect(diagnostics.map(placeAndSummary).sort()).toEqual(expected);
});

test('a state that is remembered is read anew when a service of my own comes, changes or goes', async () => {
  const store = new MemoryObjectStore();
  const load = async (more: Files): Promise<number | undefined> => {
    const folder = stateDir({
      'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}'),
      'policies/edge.yaml': withMatch('service: ssh'),
      ...more,
    });
    const { desired, remember } = await loadHost({ stateDir: folder, store, host: 'edge-1' });
    remember?.();
    return desired.interfaces[0]?.program.firewall?.policy.rules[0]?.match.service?.[0]?.ports[0]?.from;
  };
  const seen = [];
  for (const files of [{}, service('ssh', '{tcp: 2222}'), service('ssh', '{tcp: 2223}'), {}])
    seen.push(await load(files));
  expect(seen).toEqual([22, 2222, 2223, 22]);
});

test('a filter of the command line knows the names of IANA', () => {
  expect(parseMatch('service: ssh, not: {source: 10.0.0.0/8}').service).toEqual([
    { protocol: 6, ports: [port(22)] },
  ]);
  expect(parseMatch('protocol: tcp, destinationPort: ssh').destinationPort).toEqual([port(22)]);
  expect(() => parseMatch('service: nope')).toThrow('no service that is known');
  expect(() => parseMatch('protocol: udp, destinationPort: ssh')).toThrow('which is a service of tcp');
});
