/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finds the first rule whose bit is set in the vectors of all groups. A vector has one bit per rule and a summary of its words that are
 * not zero; words are ANDed only where all summaries have a bit.
 */
#pragma once

#include "conditions.h"
#include "tables.h"

#if WITH_ACTIONS
#include "act.h"
#endif

#define NEAR 3

/* Group -> offset of its vector, or of the table entry with that offset. Most policies have only a few groups. */
struct sums {
	__u32 near[NEAR]; /* in registers */
	__u32 *far;       /* in memory, so that unused ones need not be cleared */
};

#define NEAR_SUM(sums, group) ((sums).near[(group) < NEAR ? (group) : 0])
#define SUM(sums, group) (*((group) < NEAR ? &NEAR_SUM(sums, group) : &(sums).far[group]))

static const __u8 bit_of[64] = {
	0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42,
	22, 9,  24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
	23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
};

/* Index of the lowest bit of `x`, which is not zero: a de Bruijn sequence, because BPF has no such instruction. */
static __always_inline __u32 lowest(__u64 x)
{
	return bit_of[(x & -x) * 0x022fdd63cc95386dULL >> 58];
}

/* A group's vector, found by its sum. */
static __always_inline struct vector *vector_of(__u32 group, __u32 sum)
{
	if (enabled(KEY_MAPPED + group))
		sum = entry_at(sum);
	return is_inside(sum, BOUND_VECTOR) ? blob_at(sum) : 0;
}

struct vectors {
	struct vector *of[GROUPS];
};

/* Bits of `word` that all groups have. Vectors were found before: they are there. */
static __always_inline __u64 agreeing(const struct vectors *v, __u32 word)
{
	__u64 bits = v->of[0]->words[word];

#define AND_WORD(group, unused)                  \
	if (!enabled(KEY_GROUP + group)) \
		return bits;             \
	bits &= v->of[group]->words[word];
	EACH_OTHER_GROUP(AND_WORD, 0)
	return bits;
}

/* Finds the vector of a group and ANDs its summary. */
#define FIND_VECTOR(group, none)                     \
	place = SUM(*sums, group);                   \
	if (enabled(KEY_MAPPED + group))             \
		place = entry_at(place);             \
	if (!is_inside(place, BOUND_VECTOR))         \
		goto none;                           \
	v.of[group] = blob_at(place);

#define AND_SUMMARY(group, none)             \
	if (!enabled(KEY_GROUP + group))     \
		goto found;                  \
	FIND_VECTOR(group, none)             \
	summary &= v.of[group]->summary;

#if WITH_ACTIONS
#define MAX_LAYERS 16

/* A rule that decides nothing counts, and is sampled; with `peek` it does not. */
static __always_inline void count_passing(struct xdp_md *ctx, __u32 decision, bool peek)
{
	__u64 offset;

	if (peek)
		return;
	count(ctx, DECISION_SLOT(decision));
	if (!enabled(KEY_LOG))
		return;
	offset = record_offset(DECISION_RECORD(decision));
	barrier_var(offset); /* compared behind the call: Linux 6.1 forgets bounds of what lies on the stack meanwhile */
	if (is_inside(offset, BOUND_RECORD))
		log_packet(ctx, decision, blob_at(offset));
}

/* The first bit of the layer behind that of a rule which leaves it. */
static __always_inline __u32 next_layer(__u32 decision)
{
	__u64 offset = record_offset(DECISION_RECORD(decision));
	struct record *record = blob_at(offset);

	return is_inside(offset, BOUND_RECORD) ? record->target : 0;
}

/* The bits of `word` from bit `from` of the vector on, which is in this word or before it. */
static __always_inline __u64 bits_from(__u32 from, __u32 word)
{
	return word == from >> 6 ? ~0ULL << (from & 63) : ~0ULL;
}

/*
 * What a group's table names, which may be a rule that leaves its layer: then what is met behind it is in a row of decisions, and a second
 * table says where.
 */
static __always_inline __u32 follow(struct xdp_md *ctx, __u64 place, bool peek)
{
	__u32 step, decision = decision_at(place);
	__u64 next;

	if (!(decision & DECISION_GOES_ON))
		return decision;
	next = entry_at(place + number(NUMBER_WAYS));
	for (step = 0; step < MAX_LAYERS; step++) {
		count_passing(ctx, decision, peek);
		barrier_var(next); /* or clang compares one sum and reads at another */
		decision = decision_at(next);
		next += 4;
		if (!(decision & DECISION_GOES_ON))
			break;
	}
	return decision;
}

/* The rest of `search` where rules may leave their layer: behind one of them, it goes on with the first rule of the next layer. */
static __always_inline __u32 search_layers(struct xdp_md *ctx, const struct vectors *v, __u64 all, bool peek)
{
	__u32 step, word, decision, from = 0;
	__u64 bits, summary = all;

	for (step = 0; step < MAX_WORDS + MAX_LAYERS; step++) {
		if (!summary)
			break;
		word = lowest(summary) & (MAX_WORDS - 1);
		summary &= summary - 1;
		bits = agreeing(v, word) & bits_from(from, word);
		if (!bits)
			continue;
		decision = decision_of(ROWS + word * 64 + lowest(bits));
		if (!(decision & DECISION_GOES_ON))
			return decision;
		count_passing(ctx, decision, peek);
		from = next_layer(decision);
		summary = all & ~0ULL << (from >> 6 & 63);
	}
	return decision_of(ROW_DEFAULT);
}
#endif

/* A rule's decision, or the default's. With `peek`, nothing is counted on the way. */
static __always_inline __u32 search(struct xdp_md *ctx, const struct sums *sums, bool peek)
{
	__u32 step, word = 0;
	struct vectors v;
	__u64 summary, bits, place;

	FIND_VECTOR(0, none)
	summary = v.of[0]->summary;
	EACH_OTHER_GROUP(AND_SUMMARY, none)
found:
#if WITH_ACTIONS && !WITH_CONNECTIONS
	if (enabled(KEY_NEXT))
		return search_layers(ctx, &v, summary, peek || is_question(ctx));
#endif
	for (step = 0; step < MAX_WORDS; step++) {
		if (!summary)
			break;
		word = lowest(summary) & (MAX_WORDS - 1);
		summary &= summary - 1;
		bits = agreeing(&v, word);
		if (bits)
			return decision_of(ROWS + word * 64 + lowest(bits));
	}
none:
	(void)ctx;
	(void)peek;
	return decision_of(ROW_DEFAULT);
}
