/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Asks conntrack as the firewall does (conntrack.h), about the flow of which the "packet" of a test run is made. Never attached. The other
 * end is src/kernel/conntrack-source.ts.
 */
#define WITH_CONNECTIONS 1
#define WITH_CONNTRACK 1

#include "conntrack.h"

SEC("xdp")
int conntrack_question(struct xdp_md *ctx)
{
	struct flow flow, *asked = (void *)(long)ctx->data;

	if ((void *)(asked + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	flow = *asked;
	return is_tracked(ctx, &flow) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
