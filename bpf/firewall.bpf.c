/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The firewall that a Policy becomes: parse (parse.h, ip.h, packet.h), decide (decide.h: classify.h, conditions.h on tables.h),
 * act (act.h, events.h), all under settings.h, which is frozen before load.
 */
#include "decide.h"

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	return filter(ctx);
}

char _license[] SEC("license") = "Dual MIT/GPL";
