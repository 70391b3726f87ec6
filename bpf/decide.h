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

#define ND_FIRST 133 /* router solicitation */
#define ND_LAST 137  /* redirect */

static __always_inline bool is_neighbor_discovery(const struct packet *p)
{
	__u32 type = p->icmp >> 8;

	return p->transport == TRANSPORT_ICMP && p->family == 2 && type >= ND_FIRST && type <= ND_LAST;
}

/* The row that decides an IP packet before the rules do, or ROWS when none does. */
static __always_inline __u32 decide_early(const struct packet *p, bool blocks)
{
	if (enabled(KEY_ND_PASS) && is_neighbor_discovery(p))
		return ROW_PROTECT;
	if (enabled(KEY_BLOCKS) && blocks && is_blocked(p))
		return ROW_BLOCKED;
	if (!enabled(KEY_FRAGMENT_MATCH) && p->fragment == FRAGMENT_LATER)
		return ROW_FRAGMENTS;
	return ROWS;
}

/* Sampled here: no other packet is asked whether it is one. */
static __always_inline __u32 decide_malformed(struct xdp_md *ctx)
{
	__u32 decision = decision_of(ROW_MALFORMED);

	anchor();
	if (!is_question(ctx))
		keep_malformed(ctx, decision);
	return decision;
}

/*
 * Returns a decision. The fields of a malformed frame cannot be trusted: not even a protect entry matches them. Everything
 * else is held against the protect entries first, if there are any. `blocks`: ask what is blocked, too.
 */
static __always_inline __u32 decide(struct xdp_md *ctx, const struct packet *p, bool peek, bool blocks)
{
	__u32 early, decision;

	if (p->shape == SHAPE_IP)
		early = decide_early(p, blocks);
	else if (p->shape == SHAPE_MALFORMED)
		return decide_malformed(ctx);
	else
		early = enabled(KEY_NON_IP_MATCH) ? ROWS : ROW_NON_IP;
	if (early == ROWS)
		return classify(p, peek);
	if (!enabled(KEY_PROTECT))
		return decision_of(early);
	decision = classify(p, true);
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
	return act(ctx, decide(ctx, &packet, enabled(KEY_CONDITIONAL) && is_question(ctx), enabled(KEY_BLOCKS) && asks_blocks(ctx)));
}
