// The files of `xdpkeep init`. The commented lines of the host file become valid when their "# " is taken away.

export function startHost(host: string): string {
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
#   eth1: # an interface by its name
#     mode: auto # auto (default): native, else generic; or native, generic, offload
#     program: {builtin: icmp-drop} # drops ICMP over IPv4 and counts it in the map icmp_drops
#     foreign: refuse # refuse (default): leave a program that is not ours alone; or replace
#   "veth*": # all interfaces that a glob matches; quotes are needed where it begins with * or [
#     program: {file: programs/pass.bpf.c, function: pass} # your own; the function may be left out
`;
}

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

export function startReadme(host: string): string {
  return `# State files of xdpkeep

What the XDP programs of our hosts are to be. Commit this directory; every host applies its own file.

- \`hosts/<name>.yaml\`: one file per host, named like it. \`hosts/${host}.yaml\` is the first.
- \`programs/\`: XDP programs of our own, \`*.bpf.c\` (compiled with clang on the host) or \`*.bpf.o\`.
- \`schema/host.schema.json\`: lets editors check and complete host files; \`xdpkeep schema host\` prints it anew.

\`\`\`
xdpkeep validate --state .               # every problem of every file; needs no root
xdpkeep reconcile --state . --dry-run    # what would change on this host, and why
xdpkeep reconcile --state .              # do it
\`\`\`
`;
}
