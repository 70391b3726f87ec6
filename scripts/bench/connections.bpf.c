/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The firewall that asks about connections, beside its floors and beside the same lookup through conntrack. `*_next` write the next
 * of many source addresses into the packet before each run, in an order that was shuffled, so that no run finds in the
 * caches what the one before has left there.
 */
#define WITH_CONNECTIONS 1

#include <linux/pkt_cls.h>

#include "../../bpf/decide.h"
#include "checksum.h"

#define FLOWS (1 << 17) /* as in connections.mjs */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOWS);
	__type(key, __u32);
	__type(value, __be32);
} others SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} position SEC(".maps");

#if !WITH_CONNTRACK
/* struct bpf_ct_opts of net/netfilter/nf_conntrack_bpf.c, in the length that all kernels take. */
struct ct_opts {
	__s32 netns, error;
	__u8 protocol, direction, reserved[2];
};

#define CURRENT_NETNS (-1)

struct nf_conn { /* libbpf wants a struct, whatever is in it */
	__u8 unused;
};

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct ct_opts *opts, __u32 opts_size) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *connection) __ksym __weak;
#endif

static __always_inline struct iphdr *next_source(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	__u32 zero = 0, *at = bpf_map_lookup_elem(&position, &zero), index;
	__be32 *other;

	if (!at || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return 0;
	index = (*at)++ & (FLOWS - 1);
	other = bpf_map_lookup_elem(&others, &index);
	if (!other)
		return 0;
	ip->saddr = *other;
	return ip;
}

/* Both lookups begin with the flow of the next packet. */
static __always_inline bool next_flow(struct xdp_md *ctx, struct reading *r)
{
	return next_source(ctx) && read_flow(ctx, r) == FLOW_PORTS;
}

#define AT_IP {.at = sizeof(struct ethhdr), .direction = INCOMING}

SEC("xdp")
int read_next(struct xdp_md *ctx)
{
	struct reading r = AT_IP;

	return next_flow(ctx, &r) ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp")
int table_next(struct xdp_md *ctx)
{
	struct reading r = AT_IP;

	if (!next_flow(ctx, &r))
		return XDP_ABORTED;
	return find_connection(&r.flow, bpf_ktime_get_coarse_ns()) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int conntrack_next(struct xdp_md *ctx)
{
	struct ct_opts opts = {.netns = CURRENT_NETNS, .protocol = IPPROTO_UDP};
	struct bpf_sock_tuple tuple = {};
	struct reading r = AT_IP;
	struct nf_conn *found;

	if (!next_flow(ctx, &r))
		return XDP_ABORTED;
	tuple.ipv4.saddr = r.flow.remote[0];
	tuple.ipv4.daddr = r.flow.local[0];
	tuple.ipv4.sport = r.flow.remote_port;
	tuple.ipv4.dport = r.flow.local_port;
	found = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!found)
		return XDP_PASS;
	bpf_ct_release(found);
	return XDP_DROP;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	return filter(ctx);
}

SEC("xdp")
int firewall_next(struct xdp_md *ctx)
{
	return next_source(ctx) ? filter(ctx) : XDP_ABORTED;
}

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

/* In live frames. */
SEC("xdp")
int inject(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

/* In live frames: on to the network stack, where conntrack sees them. Headers have no options. */
SEC("xdp")
int inject_next(struct xdp_md *ctx)
{
	struct iphdr *ip = next_source(ctx);

	if (!ip || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	sum_up(ip);
	return XDP_PASS;
}

/* The floor of what leaves. */
SEC("tc")
int bare_unspec(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual MIT/GPL";
