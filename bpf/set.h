/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Large sets of addresses: is this one in it? The layout is made by src/policy/set-layout.ts; a set is one value of an
 * array map, shared by all that ask for it.
 *
 * A set is kept as the places where membership changes, sorted: an address is in it when an odd number of them is at most
 * the address. A node divides its part of the addresses evenly into buckets; a bucket is a node again, or some blocks of
 * eight places each, all in one cache line. So an address in a million costs what the same address in a thousand does: an
 * entry, a block, and seldom one of them more.
 */
#pragma once

#include "packet.h"

#define SET_LEVELS 3
#define SET_BLOCK 8     /* places */
#define SET_STEPS 24    /* of the search among the blocks of one bucket */
#define SET_UNIT 32     /* bytes, in which places in the value are counted */
#define SET_REACH 128   /* bytes: the most that is read at a place */

/* An entry: where the bucket is, how many blocks it has, is it a node, membership where it begins. */
#define SET_PLACE(e) (((e) & 0xffffffff) * SET_UNIT)
#define SET_BLOCKS(e) ((e) >> 32 & 0xffffff)
#define SET_NODE (1ULL << 62)
#define SET_INSIDE(e) ((e) >> 63)

struct set {
	__u64 four, six; /* entries */
	__u64 deep;      /* IPv6 places have a lower half */
};

struct set_node {
	__u64 low; /* where the first bucket begins */
	__u32 shift, last;
	__u64 unused[2];
	__u64 entry[]; /* last + 1 of them */
};

/* How places are stored: bytes of each. */
enum depth { DEPTH_FOUR = 4, DEPTH_SIX = 8, DEPTH_DEEP = 16 };

/* 1 when x < y. Branches could not be foretold. */
static __always_inline __u64 below(__u64 x, __u64 y)
{
	return ((~x & y) | ((~x | y) & (x - y))) >> 63;
}

/* 1 when the place at `at` is at most the address. */
static __always_inline __u64 reached(const void *at, const struct address *x, enum depth depth)
{
	__u64 hi, lo, differs;

	if (depth == DEPTH_FOUR)
		return 1 ^ (x->hi - *(__u32 *)at) >> 63;
	hi = *(__u64 *)at;
	if (depth == DEPTH_SIX)
		return 1 ^ below(x->hi, hi);
	lo = *(__u64 *)(at + 8);
	differs = x->hi ^ hi;
	differs = (differs | -differs) >> 63;
	return 1 ^ (below(x->hi, hi) | (below(x->lo, lo) & ~differs));
}

/* What is at a place that was found to be in bounds; clang may not add before it compares. */
static __always_inline void *set_at(void *set, __u64 place)
{
	barrier_var(place);
	return set + place;
}

/* Membership, by the blocks of a bucket. */
static __always_inline bool search_blocks(void *set, __u64 bound, __u64 entry, const struct address *x, enum depth depth)
{
	__u64 place = SET_PLACE(entry), blocks = SET_BLOCKS(entry), inside = SET_INSIDE(entry);
	__u32 step;

	if (!blocks)
		return inside;
	for (step = 0; step < SET_STEPS; step++) {
		__u64 half = blocks >> 1, probe = place + half * SET_BLOCK * depth, further;

		if (blocks <= 1 || probe > bound)
			break;
		further = -reached(set_at(set, probe), x, depth);
		place += half * SET_BLOCK * depth & further;
		blocks = (half & ~further) | ((blocks - half) & further);
	}
	if (place > bound)
		return false;
	set = set_at(set, place);
#pragma unroll
	for (step = 0; step < SET_BLOCK; step++)
		inside ^= reached(set + step * depth, x, depth);
	return inside & 1;
}

static __always_inline bool search_set(void *set, __u64 bound, __u64 entry, const struct address *x, enum depth depth)
{
	__u32 level;

	for (level = 0; level < SET_LEVELS; level++) {
		__u64 place = SET_PLACE(entry), index;
		struct set_node *node;

		if (!(entry & SET_NODE))
			break;
		if (place > bound)
			return false;
		node = set_at(set, place);
		if (x->hi < node->low)
			return SET_INSIDE(entry);
		index = (x->hi - node->low) >> (node->shift & 63);
		if (index > node->last)
			index = node->last;
		place += sizeof(*node) + index * sizeof(entry);
		if (place > bound)
			return false;
		entry = *(__u64 *)set_at(set, place);
	}
	return search_blocks(set, bound, entry, x, depth);
}

/* `bound` is the last byte at which something can begin. One function for all sets: they would be many copies. */
static __noinline __u32 is_in_set(struct set *set, __u64 bound, __u32 family, const struct address *x)
{
	struct address four = {.hi = x->hi >> 32};

	if (family == 1)
		return search_set(set, bound, set->four, &four, DEPTH_FOUR);
	if (set->deep)
		return search_set(set, bound, set->six, x, DEPTH_DEEP);
	return search_set(set, bound, set->six, x, DEPTH_SIX);
}

/* The loader brings the maps, which others may be using already. */
#define SET_MAP(slot)                               \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);   \
		__uint(max_entries, 1);             \
		__uint(key_size, sizeof(__u32));    \
		__uint(value_size, 256); /* more */ \
	} set##slot SEC(".maps");
EACH_SET(SET_MAP)

static __always_inline __u32 asks_set(void *map, __u32 slot, __u32 family, const struct address *x)
{
	__u32 zero = 0;
	struct set *set = bpf_map_lookup_elem(map, &zero);

	return set && is_in_set(set, number(NUMBER_BOUND_SET + slot), family, x);
}
