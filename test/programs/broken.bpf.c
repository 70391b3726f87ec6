/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The kernel refuses to make its map: an LPM trie needs BPF_F_NO_PREALLOC. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} preallocated SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u64 key = 8;

	return bpf_map_lookup_elem(&preallocated, &key) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
