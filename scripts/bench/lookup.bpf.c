/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Programs around what is measured: each run writes the next of a million source addresses into the packet, so that no
 * run finds in the caches what the one before has left there, and then asks: a program behind a tail call, an LPM trie,
 * or the network stack.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "checksum.h"

#define SOURCES (1 << 20) /* as in lookup.mjs */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOURCES);
	__type(key, __u32);
	__type(value, struct in6_addr); /* IPv4 in the first four bytes */
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} position SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} subject SEC(".maps");

struct key {
	__u32 length;
	__u8 address[16];
};

/* Replaced by one of the size that is asked for; keys of IPv4 have four bytes of address in the same place. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u32);
} trie SEC(".maps");

static __always_inline struct in6_addr *next_source(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 zero = 0, *at = bpf_map_lookup_elem(&position, &zero), index;
	struct in6_addr *source;

	if (!at || data + sizeof(*eth) + sizeof(struct ipv6hdr) > end)
		return 0;
	index = (*at)++ & (SOURCES - 1);
	source = bpf_map_lookup_elem(&sources, &index);
	if (!source)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		((struct iphdr *)(eth + 1))->saddr = source->s6_addr32[0];
	else
		((struct ipv6hdr *)(eth + 1))->saddr = *source;
	return source;
}

SEC("xdp")
int ask(struct xdp_md *ctx)
{
	if (next_source(ctx))
		bpf_tail_call(ctx, &subject, 0);
	return XDP_ABORTED;
}

static __always_inline int look_up(struct xdp_md *ctx, __u32 bits)
{
	struct in6_addr *source = next_source(ctx);
	struct key key = { .length = bits };

	if (!source)
		return XDP_ABORTED;
	__builtin_memcpy(key.address, source, sizeof(key.address));
	return bpf_map_lookup_elem(&trie, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int trie4(struct xdp_md *ctx)
{
	return look_up(ctx, 32);
}

SEC("xdp")
int trie6(struct xdp_md *ctx)
{
	return look_up(ctx, 128);
}

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	return next_source(ctx) ? XDP_DROP : XDP_ABORTED;
}

/* In live frames: on to the network stack, which drops a header with a wrong sum before anybody is asked. */
SEC("xdp")
int inject(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);

	if (!next_source(ctx) || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		sum_up(ip);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
