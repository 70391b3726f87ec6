/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* libbpf does not open it: no map has such a field. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(colour, 3);
} coloured SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&coloured, &key) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
