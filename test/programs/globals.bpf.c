/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts in a global variable and has no map of its own. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 packets;

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&packets, 1);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
