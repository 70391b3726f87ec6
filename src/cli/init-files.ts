// The files of `xdpkeep init`. The commented lines become valid when their "# " is taken away.

const INTERFACES = `#   eth1: # an interface by its name
#     mode: auto # auto (default): native, else generic; or native, generic, offload
#     program: {builtin: icmp-drop} # drops ICMP over IPv4 and counts it in the map icmp_drops
#     foreign: refuse # refuse (default): leave a program that is not ours alone; or replace
#   "veth*": # all interfaces that a glob matches; quotes are needed where it begins with * or [
#     program: {file: programs/pass.bpf.c, function: pass} # your own; the function may be left out
#   eth2:
#     policy: edge # the rules of policies/edge.yaml, in place of a program
`;

/** `interfaces`: those to start from, in comments. */
export function startHost(host: string, interfaces = INTERFACES): string {
  return `# yaml-language-server: $schema=../schema/host.schema.json
#
# What the XDP programs of the host ${host} are to be. Applied by \`xdpkeep reconcile\`; tried by
# \`xdpkeep reconcile --dry-run\`; checked by \`xdpkeep validate\`.
apiVersion: xdpkeep/v1
kind: Host
name: ${host} # that of this file; chosen by --host, else by the machine's hostname

# Nothing is wanted yet. To start, take this line away and the "# " from lines below.
interfaces: {}

# interfaces:
${interfaces}# protect: # what no policy of this host ever drops: so that a wrong rule does not lock you out
#   - {protocol: tcp, source: 10.0.0.0/8, destinationPort: 22}
`;
}

export const START_POLICY = `# yaml-language-server: $schema=../schema/policy.schema.json
#
# Rules for packets; an interface of a host file names them with \`policy: edge\`. The first rule that matches decides.
apiVersion: xdpkeep/v1
kind: Policy
name: edge # that of this file
default: pass # pass (default) or drop: what no rule matched

# No rules yet: everything passes. To start, take this line away and the "# " from lines below.
rules: []

# rules:
#   - name: blocked # counters belong to this name
#     match: {source: {list: blocked}} # the networks of lists/blocked.txt
#     action: drop
#   - name: no-ping
#     match: {protocol: icmp, icmpType: echo-request}
#     action: drop
#   - name: syn-flood
#     match: {protocol: tcp, destinationPort: [80, 443], tcpFlags: {syn: true, ack: false}}
#     rateLimit: {packetsPerSecond: 100, burst: 200, per: {source: {ipv4: 32, ipv6: 64}}} # matches only above this rate
#     action: drop
#   - name: ssh # with "default: drop": what is within the rate passes
#     match: {protocol: tcp, destinationPort: 22}
#     rateLimit: {packetsPerMinute: 60, burst: 20, per: source, when: below}
#     action: pass
# lists: # what a list must not be, or it is refused and what runs keeps running; these are the defaults
#   blocked: {allowEmpty: false, maxShrink: 50%, widest: {ipv4: 8, ipv6: 16}}
# tests: # what must hold before the policy is applied
#   - {name: ping dies, packet: {protocol: icmp, icmpType: echo-request}, expect: drop, rule: no-ping}
#   - {name: ping6 lives, packet: {protocol: icmpv6, icmpType: echo-request}, expect: pass}
`;

export const START_LIST = `# One address or network a line, IPv4 and IPv6 mixed.
# 192.0.2.0/24
# 2001:db8::/32
`;

export const START_PROGRAM = `/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* An XDP program to start from: it passes every packet and counts them. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&packets, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
`;

/** `policy`: the name of the first one. */
export function startReadme(host: string, policy: string): string {
  return `# State files of xdpkeep

What the XDP programs of our hosts are to be. Commit this directory; every host applies its own file.

- \`hosts/<name>.yaml\`: one file per host, named like it. \`hosts/${host}.yaml\` is the first.
- \`policies/<name>.yaml\`: rules for packets, with tests. \`policies/${policy}.yaml\` is the first.
- \`lists/<name>.txt\`: addresses and networks that rules name, one a line.
- \`programs/\`: XDP programs of our own, \`*.bpf.c\` (compiled with clang on the host) or \`*.bpf.o\`.
- \`schema/\`: lets editors check and complete these files; \`xdpkeep schema host\` and \`xdpkeep schema policy\` print it
  anew.

\`\`\`
xdpkeep validate --state .               # every problem of every file; needs no root
xdpkeep test --state .                   # the packet tests of the policies
xdpkeep reconcile --state . --dry-run    # what would change on this host, and why
xdpkeep reconcile --state .              # do it
\`\`\`
`;
}
