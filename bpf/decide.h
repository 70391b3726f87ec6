/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which record decides. The order is the contract: protect entries, neighbour discovery, malformed, non-IP,
 * later fragments, the rules, the default.
 */
#pragma once

#include "act.h"
#include "classify.h"
#include "parse.h"

#define ND_FIRST 133 /* router solicitation */
#define ND_LAST 137  /* redirect */

static __always_inline bool is_neighbor_discovery(const struct packet *p)
{
	__u32 type = p->icmp >> 8;

	return p->transport == TRANSPORT_ICMP && p->family == 2 && type >= ND_FIRST && type <= ND_LAST;
}

/* What decides before the rules do, or ROWS when nothing does. */
static __always_inline __u32 decide_early(const struct view *view, const struct packet *p, enum shape shape)
{
	if (shape == SHAPE_MALFORMED)
		return ROW_MALFORMED;
	if (view->features & FEATURE_ND_PASS && is_neighbor_discovery(p))
		return ROW_PROTECT;
	if (shape == SHAPE_NON_IP && !(view->features & FEATURE_NON_IP_MATCH))
		return ROW_NON_IP;
	if (p->fragment == FRAGMENT_LATER && !(view->features & FEATURE_FRAGMENT_MATCH))
		return ROW_FRAGMENTS;
	return ROWS;
}

/* The fields of a malformed frame cannot be trusted: not even a protect entry matches them. */
static __always_inline __u32 decide(const struct view *view, const struct packet *p, enum shape shape, bool peek)
{
	__u32 early = decide_early(view, p, shape), record;

	if (early != ROWS && (early == ROW_MALFORMED || !(view->features & FEATURE_PROTECT)))
		return early;
	record = classify(view, p, peek || early != ROWS);
	if (early != ROWS && record - ROWS >= settings.protected) /* wraps, and so is true, for a built-in row */
		return early;
	return record;
}

/*
 * Makes clang keep the packet in memory from here on. The verifier knows less of memory than of registers, and so
 * it sees that all ways through the parser are one from here on, and follows only that.
 */
static __always_inline void remember(struct packet *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

/* A frame's whole way through the firewall. */
static __always_inline int filter(struct xdp_md *ctx)
{
	struct question *question = question_of(ctx);
	struct view view = open_view();
	struct packet packet;
	enum shape shape;

	if (!view.tables)
		return XDP_DROP;
	shape = parse(&view, ctx, &packet);
	remember(&packet);
	return act(ctx, &view, question, decide(&view, &packet, shape, question != 0));
}
