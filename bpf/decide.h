/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which record decides. The order is the contract: protect entries, neighbour discovery, blocks, malformed, non-IP,
 * later fragments, the rules, the default.
 */
#pragma once

#include "act.h"
#include "blocks.h"
#include "classify.h"
#include "parse.h"

/* The row that decides a packet before the rules do, or ROWS when none does. */
static __always_inline __u32 decide_early(struct xdp_md *ctx, const struct packet *p)
{
	__u32 shape = p->shape;

	if (shape == SHAPE_IP && !enabled(KEY_BLOCKS)) /* nearly all, and known at once */
		return ROWS;
	if (shape == SHAPE_NON_IP)
		return enabled(KEY_NON_IP_MATCH) ? ROWS : ROW_NON_IP;
	if (enabled(KEY_ND_PASS) && shape == SHAPE_NEIGHBOR_DISCOVERY)
		return ROW_PROTECT;
	if (enabled(KEY_BLOCKS) && asks_blocks(ctx) && is_blocked(p))
		return ROW_BLOCKED;
	if (!enabled(KEY_FRAGMENT_MATCH) && shape == SHAPE_LATER_FRAGMENT)
		return ROW_FRAGMENTS;
	return ROWS;
}

/* Sampled here: no other packet is asked whether it is one. */
static __always_inline __u32 decide_malformed(struct xdp_md *ctx)
{
	__u32 decision = decision_of(ROW_MALFORMED);

	if (!is_question(ctx))
		keep_malformed(ctx, decision);
	return decision;
}

/*
 * Returns a decision. The fields of a malformed frame cannot be trusted: not even a protect entry matches them. Everything
 * else is held against the protect entries first, if there are any.
 */
static __always_inline __u32 decide(struct xdp_md *ctx, const struct packet *p)
{
	__u32 early, decision;

	if (p->shape == SHAPE_MALFORMED)
		return decide_malformed(ctx);
	early = decide_early(ctx, p);
	if (early == ROWS)
		return classify(ctx, p, false);
	if (!enabled(KEY_PROTECT))
		return decision_of(early);
	decision = classify(ctx, p, true);
	if (DECISION_RECORD(decision) - ROWS < number(NUMBER_PROTECTED)) /* wraps for a built-in row: is not less */
		return decision;
	return decision_of(early);
}

/*
 * Makes clang keep the packet in memory from here on: in registers, every way out of the parser would have to set all of
 * them, and the verifier, which knows more of registers, would follow each way to the end.
 */
static __always_inline void remember(struct packet *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

/* A frame's whole way through the firewall. */
static __always_inline int filter(struct xdp_md *ctx)
{
	struct packet packet;

	parse(ctx, &packet);
	remember(&packet);
	return act(ctx, decide(ctx, &packet));
}
