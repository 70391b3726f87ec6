/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Lookup in large address sets (interval sets). src/policy/compile/set-layout.ts makes the layout; a set is one value of an array map,
 * shared by all programs that use it.
 *
 * A set is the sorted list of the places where membership changes: an address is a member when an odd number of places is less than or
 * equal to it. A node divides its range of addresses evenly into buckets, each with a head and seven places in one cache line. When a
 * bucket would have more, its head says that they are elsewhere: in a node of its own, or in blocks of eight. Small buckets of IPv4
 * addresses have fourteen places, as 16-bit distances from the start of the bucket, or fourteen single addresses. So a lookup costs
 * about one bucket, in a set of a million addresses as in one of a thousand.
 */
#pragma once

#include "packet.h"

#define SET_LEVELS 3
#define SET_BLOCK 8  /* places, or a head and seven places */
#define SET_SHORT 16 /* half-words of a bucket of distances: two of a head, and fourteen distances */
#define SET_STEPS 24 /* of the search among blocks */
#define SET_UNIT 64  /* bytes, in which places in the value are counted */

/* An entry says where a node is, or so many blocks, and the membership before their first place. */
#define SET_PLACE(e) (((e) & 0xffffffff) * SET_UNIT)
#define SET_BLOCKS(e) ((e) >> 32 & 0xffffff)
#define SET_NODE (1ULL << 62)
#define SET_INSIDE(e) ((e) >> 63)

/* The head of a bucket; where its places are elsewhere, the entry lies eight bytes behind it. */
#define HEAD_INSIDE(h) ((h) >> 31)
#define HEAD_ELSEWHERE 0x40000000
#define HEAD_HOSTS 0x8000 /* the half-words are the addresses themselves, 15 bits of each; those that are none have 16 */

#define HALVES 0x0001000100010001ULL /* one in each half-word */

struct set {
	__u64 four, six; /* entries */
	__u64 deep;      /* IPv6 places have a lower half */
	__u8 unused[8];
	__u8 digest[32]; /* of what is in it; for the loader */
};

struct set_node {
	__u64 low; /* where the first bucket begins */
	__u32 shift, last;
	__u64 is_short; /* buckets of distances */
	__u64 unused[5];
	char bucket[]; /* last + 1 of them */
};

/* How places are stored: bytes of each. */
enum depth { DEPTH_FOUR = 4, DEPTH_SIX = 8, DEPTH_DEEP = 16 };

/* 1 when x < y. Without a branch, since the CPU could not predict it. */
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

/* Pointer to an offset that was checked before; the barrier keeps clang from adding before the comparison. */
static __always_inline void *set_at(void *set, __u64 place)
{
	barrier_var(place);
	return set + place;
}

/* Odd when an odd number of places from `slot` on is at most the address. */
static __always_inline __u64 count_reached(const void *block, __u32 slot, const struct address *x, enum depth depth)
{
	__u64 count = 0;

#pragma unroll
	for (; slot < SET_BLOCK; slot++) {
		count ^= reached(block + slot * depth, x, depth);
		asm volatile("" : "+r"(count), "+r"(block) : : "memory"); /* one after the other: the stack is small */
	}
	return count;
}

/* The same of distances. */
static __always_inline __u64 count_near(const __u16 *bucket, __u64 distance)
{
	__u64 count = 0;
	__u32 slot;

#pragma unroll
	for (slot = 2; slot < SET_SHORT; slot++)
		count ^= 1 ^ (distance - bucket[slot]) >> 63;
	return count;
}

/* Membership by binary search for the last block whose first place is at most the address. */
static __always_inline bool search_blocks(void *set, __u64 bound, __u64 entry, const struct address *x, enum depth depth)
{
	__u64 place = SET_PLACE(entry), blocks = SET_BLOCKS(entry);
	__u32 step;

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
	return (SET_INSIDE(entry) ^ count_reached(set_at(set, place), 0, x, depth)) & 1;
}

/* Is the distance one of the half-words of a bucket? (SWAR; the half-words of the head never match.) */
static __always_inline bool is_listed(const __u64 *bucket, __u64 distance)
{
	__u64 wanted = (distance & 0xffff) * HALVES, zero = 0;
	__u32 word;

#pragma unroll
	for (word = 0; word < SET_SHORT / 4; word++) {
		__u64 differs = bucket[word] ^ wanted;

		zero |= (differs - HALVES) & ~differs & HALVES << 15;
	}
	return (zero | -zero) >> 63;
}

static __always_inline bool search_set(void *set, __u64 bound, __u64 entry, const struct address *x, enum depth depth)
{
	__u32 level;

	for (level = 0; level < SET_LEVELS; level++) {
		__u64 place = SET_PLACE(entry), index, near;
		struct set_node *node;
		bool is_short;
		void *bucket;
		__u32 head;

		if (!(entry & SET_NODE))
			break;
		if (place > bound)
			return false;
		node = set_at(set, place);
		if (x->hi < node->low)
			return SET_INSIDE(entry);
		near = x->hi - node->low;
		index = near >> (node->shift & 63);
		near -= index << (node->shift & 63);
		if (index > node->last) /* behind all places */
			index = node->last, near = ~0ULL >> 1;
		is_short = depth == DEPTH_FOUR && node->is_short;
		place += sizeof(*node) + index * (is_short ? SET_SHORT * sizeof(__u16) : SET_BLOCK * depth);
		if (place > bound)
			return false;
		bucket = set_at(set, place);
		head = *(__u32 *)bucket;
		if (is_short && head & HEAD_HOSTS)
			return is_listed(bucket, near);
		if (!(head & HEAD_ELSEWHERE) && is_short)
			return (HEAD_INSIDE(head) ^ count_near(bucket, near)) & 1;
		if (!(head & HEAD_ELSEWHERE))
			return (HEAD_INSIDE(head) ^ count_reached(bucket, 1, x, depth)) & 1;
		entry = *(__u64 *)(bucket + 8);
	}
	return search_blocks(set, bound, entry, x, depth);
}

/* `bound` is the last offset at which an object can begin. Not inlined: one function for all sets, not a copy for each. */
static __noinline __u32 is_in_set(struct set *set, __u64 bound, __u32 family, const struct address *x)
{
	struct address four = {.hi = x->hi >> 32};

	if (family == 1)
		return search_set(set, bound, set->four, &four, DEPTH_FOUR);
	if (set->deep)
		return search_set(set, bound, set->six, x, DEPTH_DEEP);
	return search_set(set, bound, set->six, x, DEPTH_SIX);
}

/*
 * The loader supplies the maps, which other programs may use already. Each slot has a global function, which the verifier checks once,
 * independently of its callers.
 */
#define SET_MAP(map)                             \
	struct {                                 \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, 1);          \
		__uint(key_size, sizeof(__u32)); \
		__uint(value_size, 256); /* more */ \
	} map SEC(".maps")

#define SET_SLOT(slot)                                                                                     \
	SET_MAP(set##slot);                                                                                \
                                                                                                           \
	__noinline int ask_set##slot(const struct address *x, __u32 family)                                \
	{                                                                                                  \
		__u32 zero = anchor();                                                                     \
		struct set *set;                                                                           \
                                                                                                           \
		if (!x || !enabled(KEY_SET + slot))                                                        \
			return 0;                                                                          \
		set = bpf_map_lookup_elem(&set##slot, &zero);                                              \
		return set ? is_in_set(set, number(NUMBER_BOUND_SET + slot), family, x) : 0;               \
	}
EACH_SET(SET_SLOT)
