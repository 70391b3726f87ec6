/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Asks a large set for many addresses in one run, the way the firewall does. */
#include "decide.h"

#define QUERIES 1048576

struct query {
	__u64 hi, lo;
	__u32 family, found;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, QUERIES * sizeof(struct query));
} queries SEC(".maps");

static long ask(__u32 index, void *unused)
{
	struct address address;
	struct query *query;
	__u32 zero = 0;
	void *all = bpf_map_lookup_elem(&queries, &zero);

	(void)unused;
	if (!all || index >= QUERIES)
		return 1;
	query = all + index * sizeof(*query);
	address = (struct address){query->hi, query->lo};
	query->found = ask_set0(&address, query->family);
	return 0;
}

SEC("xdp")
int ask_all(struct xdp_md *ctx)
{
	(void)ctx;
	bpf_loop(QUERIES, ask, 0, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
