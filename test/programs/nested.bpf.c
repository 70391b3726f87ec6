/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A map that holds maps, in two kinds: both start with the map `first`. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} tables SEC(".maps") = {
	.values = {&first},
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} tables_by_number SEC(".maps") = {
	.values = {[1] = &first},
};

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *table = bpf_map_lookup_elem(&tables, &key);
	__u64 *count;

	if (!table)
		return XDP_ABORTED;
	count = bpf_map_lookup_elem(table, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	key = 1;
	return bpf_map_lookup_elem(&tables_by_number, &key) ? XDP_PASS : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
