/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finds the record that decides a packet. The order, which is that of src/policy/evaluate.ts, with the same names:
 * 1. decide_malformed: a malformed frame.
 * 2. decide_early: non-IP, blocks, neighbour discovery, later fragments; a protect entry that matches overrides these.
 * 3. decide_by_rules: protect entries, the rules, the default.
 */
#pragma once

#include "act.h"
#include "blocks.h"
#include "classify.h"
#include "parse.h"

/*
 * The row that decides a packet before the rules, unless a protect entry matches; ROWS when there is none. Sets `block` to the index
 * of the block that contains the source.
 */
static __always_inline __u32 decide_early(struct xdp_md *ctx, const struct packet *p, __u32 *block)
{
	__u32 shape = p->shape;

	if (shape == SHAPE_IP && !enabled(KEY_BLOCKS)) /* the common case first */
		return ROWS;
	if (shape == SHAPE_NON_IP)
		return enabled(KEY_NON_IP_MATCH) ? ROWS : ROW_NON_IP;
	if (enabled(KEY_BLOCKS) && asks_blocks(ctx)) {
		*block = find_block(p);
		if (*block != NOT_BLOCKED)
			return ROW_BLOCKED;
	}
	if (enabled(KEY_NEIGHBOR_DISCOVERY_PASS) && shape == SHAPE_NEIGHBOR_DISCOVERY &&
	    (is_question(ctx) || !exceeds_discovery()))
		return ROW_PROTECT;
	if (!enabled(KEY_FRAGMENT_MATCH) && shape == SHAPE_LATER_FRAGMENT)
		return ROW_FRAGMENTS;
	return ROWS;
}

/* Malformed frames are sampled here, so that no other packet pays for the test. */
static __always_inline __u32 decide_malformed(struct xdp_md *ctx)
{
	__u32 decision = decision_of(ROW_MALFORMED);

	if (!is_question(ctx))
		keep_malformed(ctx, decision);
	return decision;
}

/* Protect entries, the rules, the default. */
static __always_inline __u32 decide_by_rules(struct xdp_md *ctx, const struct packet *p)
{
	return classify(ctx, p, false);
}

/* Is it the decision of a protect entry? Protect entries are the first rules. */
static __always_inline bool is_protected(__u32 decision)
{
	return DECISION_RECORD(decision) - ROWS < number(NUMBER_PROTECTED); /* for a built-in row the difference wraps around and is large */
}

/* Returns a decision. The fields of a malformed frame cannot be trusted: no protect entry matches it. */
static __always_inline __u32 decide(struct xdp_md *ctx, const struct packet *p)
{
	__u32 block = NOT_BLOCKED, early, decision;

	if (p->shape == SHAPE_MALFORMED)
		return decide_malformed(ctx);
	early = decide_early(ctx, p, &block);
	if (early == ROWS)
		return decide_by_rules(ctx, p);
	if (enabled(KEY_PROTECT)) {
		decision = classify(ctx, p, true);
		if (is_protected(decision))
			return decision;
	}
	if (enabled(KEY_BLOCKS) && block != NOT_BLOCKED && !is_question(ctx))
		count_hit(ctx, block);
	return decision_of(early);
}

/*
 * Makes clang keep the packet in memory from here on. In registers, every exit of the parser would have to set all of them, and the
 * verifier, which tracks registers more precisely than memory, would follow each path to the end.
 */
static __always_inline void remember(struct packet *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

/* The whole datapath: parse, decide, act. */
static __always_inline int filter(struct xdp_md *ctx)
{
	struct packet packet;

	parse(ctx, &packet);
	remember(&packet);
	return act(ctx, decide(ctx, &packet), WITH_ACTIONS ? packet.base : 0);
}
