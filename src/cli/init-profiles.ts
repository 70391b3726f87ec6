// The policies of `xdpkeep init --profile`: each is whole, drops what nobody asked for, and has tests that pass as it is. Shorter than
// those of examples/, and right for any addresses. The host file wants none of them before somebody names an interface.
import type { Profile } from './profiles.js';

interface ProfileFiles {
  /** Lines of the host file: its interfaces and connections, to be taken out of their comments. */
  interfaces: string;
  /** Path -> content. */
  files: Record<string, string>;
}

function policy(name: string, about: string, body: string): string {
  return `# yaml-language-server: $schema=../schema/policy.schema.json
#
# ${about}
# The first rule that matches decides. Rules with \`connection\` need Linux 6.1 or later.
apiVersion: xdpkeep/v1
kind: Policy
name: ${name} # that of this file
default: drop # what no rule matched
rules:
${body}`;
}

const ANSWERS = `  - name: answers # what this host has asked for, what its connections say, errors about what it has sent
    match: {connection: [established, related]}
    action: pass
`;
const DHCP = `  - name: dhcp # asked by broadcast and multicast, so that its answers are of no known flow
    match: {protocol: udp, sourcePort: 67, destinationPort: 68}
    action: pass
  - name: dhcpv6
    match: {protocol: udp, source: "fe80::/10", sourcePort: 547, destinationPort: 546}
    action: pass
`;
const PING = `  - name: ping # a few, of each source
    match: {connection: new, protocol: icmp, icmpType: echo-request}
    rateLimit: {packetsPerSecond: 10, burst: 20, per: source, when: below}
    action: pass
  - name: ping6
    match: {connection: new, protocol: icmpv6, icmpType: echo-request}
    rateLimit: {packetsPerSecond: 10, burst: 20, per: source, when: below}
    action: pass
`;
const TESTS = `tests: # what must hold before the policy is applied; \`after\`: which packets left, or came in, before
  - name: an answer comes in
    after:
      - outgoing: {source: 192.0.2.1, destination: 198.51.100.53, protocol: udp, sourcePort: 40000, destinationPort: 53}
    packet: {source: 198.51.100.53, destination: 192.0.2.1, protocol: udp, sourcePort: 53, destinationPort: 40000}
    expect: pass
    rule: answers
  - name: nobody else answers
    after:
      - outgoing: {source: 192.0.2.1, destination: 198.51.100.53, protocol: udp, sourcePort: 40000, destinationPort: 53}
    packet: {source: 203.0.113.9, destination: 192.0.2.1, protocol: udp, sourcePort: 53, destinationPort: 40000}
    expect: drop
    rule: (default)
  - {name: a bare ACK opens nothing, packet: {protocol: tcp, destinationPort: 22, tcpFlags: {ack: true}}, expect: drop, rule: (default)}
  - {name: a database is closed, packet: {protocol: tcp, destinationPort: 5432}, expect: drop, rule: (default)}
`;

const SERVER = policy(
  'server',
  'A host that serves, and asks: whoever wants may begin what it serves, and answers come in. Everything else is dropped.',
  `${ANSWERS}  - name: ssh # 30 new connections a minute of each source; the rest is dropped
    match: {connection: new, protocol: tcp, destinationPort: 22} # source: {list: admins}, with lists/admins.txt, lets nobody else in
    rateLimit: {packetsPerMinute: 30, burst: 10, per: source, when: below}
    action: pass
  - name: web # your services
    match: {connection: new, protocol: tcp, destinationPort: [80, 443]}
    action: pass
${DHCP}${PING}${TESTS}  - {name: the web is served, packet: {family: 6, protocol: tcp, destinationPort: 443}, expect: pass, rule: web}
  - name: a connection that was accepted goes on
    after:
      - incoming: {source: 203.0.113.9, destination: 192.0.2.1, protocol: tcp, sourcePort: 51000, destinationPort: 22, tcpFlags: {syn: true}}
      - outgoing: {source: 192.0.2.1, destination: 203.0.113.9, protocol: tcp, sourcePort: 22, destinationPort: 51000, tcpFlags: {syn: true, ack: true}}
    packet: {source: 203.0.113.9, destination: 192.0.2.1, protocol: tcp, sourcePort: 51000, destinationPort: 22, tcpFlags: {ack: true}}
    expect: pass
    rule: answers
`,
);

const CLIENT = policy(
  'client',
  'A host that asks and does not serve: answers come in, and nobody begins anything but a ping.',
  `${ANSWERS}${DHCP}  - name: mdns # printers and the like of this network
    match: {protocol: udp, destination: [224.0.0.251, "ff02::fb"], destinationPort: 5353, ttl: 255}
    action: pass
${PING}${TESTS}  - {name: nobody logs in, packet: {protocol: tcp, destinationPort: 22}, expect: drop, rule: (default)}
`,
);

const OUTSIDE = policy(
  'outside',
  'The interface of a router towards the world: what leaves by it, of this host and of those behind it, is answered by it.',
  `${ANSWERS}  - name: wireguard # who may is known by keys
    match: {connection: new, protocol: udp, destinationPort: 51820}
    action: pass
${DHCP}${PING}${TESTS}  - {name: nobody logs in, packet: {protocol: tcp, destinationPort: 22}, expect: drop, rule: (default)}
`,
);

const INSIDE = policy(
  'inside',
  "The interface of a router towards one's own network: who is there may begin, but not as somebody else.",
  `  - name: own-network
    match: {source: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "fc00::/7"]} # private networks: write yours in their place
    action: pass
  - name: link-local
    match: {source: "fe80::/10"}
    action: pass
  - name: dhcp # of hosts that have no address yet
    match: {protocol: udp, source: 0.0.0.0, sourcePort: 68, destinationPort: 67}
    action: pass
  - name: answers # to what was let in from outside, of other networks behind
    match: {connection: [established, related]}
    action: pass
tests: # what must hold before the policy is applied
  - {name: who is there may begin, packet: {source: 192.168.1.2, protocol: tcp, destinationPort: 443}, expect: pass, rule: own-network}
  - {name: not as somebody else, packet: {source: 203.0.113.9, protocol: udp, destinationPort: 53}, expect: drop, rule: (default)}
  - name: what was let in from outside is answered
    after:
      - outgoing: {source: 203.0.113.9, destination: 198.51.100.80, protocol: tcp, sourcePort: 51000, destinationPort: 443}
    packet: {source: 198.51.100.80, destination: 203.0.113.9, protocol: tcp, sourcePort: 443, destinationPort: 51000, tcpFlags: {syn: true, ack: true}}
    expect: pass
    rule: answers
`,
);

const ONE = (name: string): string => `#   eth0: # your interface, by its name or a glob in quotes
#     mode: auto # auto (default): native, else generic; or native, generic, offload
#     policy: ${name} # the rules of policies/${name}.yaml
# connections: { grace: 0s } # it forwards nothing: what is open has a socket, and is known at the first attach
`;

/** What a kind of host begins with. */
export const PROFILE_FILES: Readonly<Record<Profile, ProfileFiles>> = {
  server: { interfaces: ONE('server'), files: { 'policies/server.yaml': SERVER } },
  client: { interfaces: ONE('client'), files: { 'policies/client.yaml': CLIENT } },
  router: {
    interfaces: `#   eth0: # your interface towards the world
#     policy: outside # the rules of policies/outside.yaml
#   eth1: # the one towards your own network; what leaves by one interface is known on the other
#     policy: inside
# connections: { grace: 10s } # so long TCP in its middle comes in after the first attach; what conntrack follows is known by then
`,
    files: {
      'policies/outside.yaml': OUTSIDE,
      'policies/inside.yaml': INSIDE,
    },
  },
};
