/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The firewall beside its floor, for measuring. `*_random` write two IPv4 addresses from a table into the packet
 * before each run, chosen at random, so that no run finds the addresses of the one before in the caches.
 */
#include "../../bpf/decide.h"

#define ADDRESSES 4096

struct pair {
	__be32 source, destination;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ADDRESSES);
	__type(key, __u32);
	__type(value, struct pair);
} addresses SEC(".maps");

static __always_inline void randomize(struct xdp_md *ctx)
{
	__u32 key = bpf_get_prandom_u32() % ADDRESSES;
	struct pair *pair = bpf_map_lookup_elem(&addresses, &key);
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);

	if (!pair || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return;
	ip->saddr = pair->source;
	ip->daddr = pair->destination;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	return filter(ctx);
}

SEC("xdp")
int firewall_random(struct xdp_md *ctx)
{
	randomize(ctx);
	return filter(ctx);
}

SEC("xdp")
int floor_random(struct xdp_md *ctx)
{
	randomize(ctx);
	return XDP_DROP;
}

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

/* Sends each frame out of the interface that it seems to come from. */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
