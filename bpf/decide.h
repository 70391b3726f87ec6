/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which record decides. The steps are those of src/policy/evaluate.ts, by the same names and in the same order: malformed;
 * then what decides before the rules (non-IP, blocks, neighbour discovery, later fragments), from which protect entries save a
 * packet; then the rules, protect entries first; the default.
 */
#pragma once

#include "act.h"
#include "blocks.h"
#include "classify.h"
#include "parse.h"

/* The row that decides a packet before the rules do, unless it is protected; ROWS when none does. `block`: the one that holds it. */
static __always_inline __u32 decide_early(struct xdp_md *ctx, const struct packet *p, __u32 *block)
{
	__u32 shape = p->shape;

	if (shape == SHAPE_IP && !enabled(KEY_BLOCKS)) /* nearly all, and known at once */
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

/* Sampled here: no other packet is asked whether it is one. */
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

/* `decision`: that of the first rule that agrees, protect entries among them. */
static __always_inline bool is_protected(__u32 decision)
{
	return DECISION_RECORD(decision) - ROWS < number(NUMBER_PROTECTED); /* wraps for a built-in row: is not less */
}

/* Returns a decision. The fields of a malformed frame cannot be trusted: not even a protect entry matches them. */
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
