// The policies that are measured, as the compiler takes them and as a state file says them, and packets for them.
import { random } from './statistics.mjs';

const position = { file: 'bench', line: 1, column: 1 };

function range(from, to = from) {
  return [{ from, to }];
}

function rule(name, match) {
  return { name, match, action: { kind: 'drop' }, at: position };
}

export function policy(rules) {
  return {
    name: 'bench',
    default: 'pass',
    rules,
    fragments: 'match',
    malformed: 'drop',
    nonIp: 'pass',
    neighborDiscovery: 'pass',
    mode: 'enforce',
    tests: [],
    at: position,
  };
}

function cidr(a, length) {
  return { family: 4, a: (a & (0xffffffff << (32 - length))) >>> 0, b: 0, c: 0, d: 0, length };
}

/** `cidrs` is for this file; the compiler looks at the content. */
function addressSet({ a, length, ...rest }) {
  const content = { four: Uint32Array.of(a, a + 2 ** (32 - length) - 1), six: new Uint32Array() };
  return {
    cidrs: [{ a, length, ...rest }],
    lists: [],
    digest: `${a}/${length}`,
    ranges: 1,
    content: () => content,
  };
}

/** Rules that ask for one field: the destination port. */
export function singleField(count) {
  return policy(
    Array.from({ length: count }, (_, i) =>
      rule(`r${i}`, { protocol: range(6), destinationPort: range(10_000 + i) }),
    ),
  );
}

/** Rules that ask for five fields, each wide enough that packets agree with many rules in part. */
export function mixed(count) {
  const next = random(7);
  const set = (length) => addressSet(cidr(next(2 ** 32) >>> 0, length));
  return policy(
    Array.from({ length: count }, (_, i) => {
      const port = next(60_000);
      return rule(`r${i}`, {
        protocol: range(next(2) ? 6 : 17),
        source: set([8, 16, 20, 24, 32][next(5)]),
        destination: set([8, 16, 20, 24, 32][next(5)]),
        sourcePort: next(3) ? range(0, 65535) : range(1024 + next(1000), 65535),
        destinationPort: range(port, port + (next(2) ? 0 : next(2000))),
      });
    }),
  );
}

/** As `mixed`, with half of the fields of each rule left open: several hundred rules agree in each field. */
export function sparse(count) {
  const next = random(11);
  return policy(
    mixed(count).rules.map(({ name, match }) => {
      const fields = Object.entries(match).filter(() => next(2) === 1);
      return rule(name, fields.length > 1 ? Object.fromEntries(fields) : match);
    }),
  );
}

/** What a packet needs so that the last rule is the one that matches it, as far as no earlier one does. */
export function lastRulePacket({ rules }) {
  const { match } = rules.at(-1);
  return {
    protocol: match.protocol?.[0].from ?? 6,
    source: match.source && cidr(match.source.cidrs[0].a, 32),
    destination: match.destination && cidr(match.destination.cidrs[0].a, 32),
    sourcePort: match.sourcePort?.[0].to,
    destinationPort: match.destinationPort?.[0].from,
  };
}

/** `count` pairs of IPv4 addresses as a packet carries them; half of the addresses are those of rules. */
export function addressPairs({ rules }, count) {
  const next = random(3);
  const of = (field) => {
    const asking = rules.filter((one) => one.match[field]);
    const known = next(2) === 0 && asking.length > 0;
    return (known ? asking[next(asking.length)].match[field].cidrs[0].a : next(2 ** 32)) >>> 0;
  };
  const pairs = new DataView(new ArrayBuffer(count * 8));
  for (let at = 0; at < count; at++) {
    pairs.setUint32(at * 8, of('source'));
    pairs.setUint32(at * 8 + 4, of('destination'));
  }
  return new Uint8Array(pairs.buffer);
}

/** The policy as a state file (JSON is YAML). */
export function toStateFile({ name, rules }) {
  const ports = ([{ from, to }]) => (from === to ? from : `${from}-${to}`);
  const address = ({ cidrs: [{ a, length }] }) =>
    `${[24, 16, 8, 0].map((shift) => (a >>> shift) & 255).join('.')}/${length}`;
  const match = (fields) => ({
    protocol: fields.protocol[0].from === 6 ? 'tcp' : 'udp',
    source: address(fields.source),
    destination: address(fields.destination),
    sourcePort: ports(fields.sourcePort),
    destinationPort: ports(fields.destinationPort),
  });
  const written = rules.map((one) => ({ name: one.name, match: match(one.match), action: 'drop' }));
  return JSON.stringify({ apiVersion: 'xdpkeep/v1', kind: 'Policy', name, rules: written }, null, 1);
}
