/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Conntrack as a second source: asked about flows that the tables do not know (connection_state.h), by programs of hosts that want it and
 * no other (WITH_CONNTRACK). It answers for TCP and UDP alone, in its zone 0, and finds a flow by either of its two tuples, as packets
 * have them here: before the destination is translated, and before the source of what was sent is translated back.
 * Source: net/netfilter/nf_conntrack_bpf.c.
 */
#pragma once

#include "flow.h"

#ifndef WITH_CONNTRACK
#define WITH_CONNTRACK 0
#endif

#if WITH_CONNTRACK
/* struct bpf_ct_opts in the length that all kernels take: Linux 6.1 refuses the 16 bytes of later ones. */
struct ct_opts {
	__s32 netns, error;
	__u8 protocol, direction, reserved[2];
};

#define CURRENT_NETNS (-1) /* that of the interface */
#define DIRECTION_REPLY 1 /* enum ip_conntrack_dir */
#define SEEN_REPLY 2	  /* IPS_SEEN_REPLY */

struct nf_conn {
	unsigned long status;
} __attribute__((preserve_access_index));

/* Weak, so that a kernel without them says so by name (src/kernel/conntrack-source.ts), and not libbpf. */
extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct ct_opts *opts, __u32 opts_size) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *connection) __ksym __weak;

static __always_inline struct nf_conn *look_up_ipv4(struct xdp_md *ctx, const struct flow *flow, struct ct_opts *opts)
{
	struct bpf_sock_tuple tuple = {
		.ipv4 = {
			.saddr = flow->remote[0],
			.daddr = flow->local[0],
			.sport = flow->remote_port,
			.dport = flow->local_port,
		},
	};

	return bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), opts, sizeof(*opts));
}

/* A flow begins as the tuple of IPv6 does: both addresses, both ports. */
_Static_assert(__builtin_offsetof(struct flow, family) == sizeof(((struct bpf_sock_tuple *)0)->ipv6), "struct flow is no tuple");

static __always_inline struct nf_conn *look_up_ipv6(struct xdp_md *ctx, struct flow *flow, struct ct_opts *opts)
{
	return bpf_xdp_ct_lookup(ctx, (struct bpf_sock_tuple *)flow, sizeof(((struct bpf_sock_tuple *)0)->ipv6), opts, sizeof(*opts));
}

/*
 * Does conntrack follow this flow, and is it more than one end's word? What comes in is an answer, or there was one. A stranger
 * who only asks, however often, is in no connection. A function of its own for the verifier.
 */
static __noinline bool is_tracked(struct xdp_md *ctx, struct flow *flow)
{
	struct ct_opts opts = {.netns = CURRENT_NETNS, .protocol = flow->protocol};
	struct nf_conn *found;
	bool answered;

	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP)
		return false;
	found = flow->family == 4 ? look_up_ipv4(ctx, flow, &opts) : look_up_ipv6(ctx, flow, &opts);
	if (!found)
		return false;
	answered = opts.direction == DIRECTION_REPLY || found->status & SEEN_REPLY;
	bpf_ct_release(found);
	return answered;
}
#else
static __always_inline bool is_tracked(struct xdp_md *ctx, struct flow *flow)
{
	(void)ctx;
	(void)flow;
	return false;
}
#endif
