/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Finds the first rule whose bit is set in the vectors of all groups. A vector has one bit per rule and a summary of its words that are
 * not zero; words are ANDed only where all summaries have a bit.
 */
#pragma once

#include "conditions.h"
#include "tables.h"

#if WITH_CONNECTIONS
#include "connection_state.h"
#endif
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

/* A rule's decision, or the default's. */
static __always_inline __u32 search(const struct sums *sums)
{
	__u32 step, word = 0;
	struct vectors v;
	__u64 summary, bits, place;

	FIND_VECTOR(0, none)
	summary = v.of[0]->summary;
	EACH_OTHER_GROUP(AND_SUMMARY, none)
found:
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
	return decision_of(ROW_DEFAULT);
}

/* State of a search that may continue after a rule whose fields match. */
struct pursuit {
	struct subject subject;
	__u64 summary, bits; /* words and bits of `word` not looked at yet */
	__u32 word, record;
	bool peek;
#if WITH_ACTIONS
	struct xdp_md *ctx;
#endif
#if WITH_CONNECTIONS
	bool informed; /* the connection is known, where a rule asks about it */
	__u8 state;    /* and this is what it is: enum connection_state */
#endif
	__u32 sums[GROUPS];
};

/*
 * The AND of one word of all groups; word 0 of a vector is its summary. Finds the vectors each time, which saves stack; only policies
 * with rate limits or deadlines come here.
 */
static __always_inline __u64 common_word(const struct pursuit *pursuit, __u32 word)
{
	__u64 bits, *vector = (__u64 *)vector_of(0, pursuit->sums[0]);

	if (!vector)
		return 0;
	bits = vector[word];
#define AND_COMMON(group, unused)                                              \
	if (!enabled(KEY_GROUP + group))                               \
		return bits;                                           \
	vector = (__u64 *)vector_of(group, pursuit->sums[group]); \
	if (!vector)                                                   \
		return 0;                                              \
	bits &= vector[word];
	EACH_OTHER_GROUP(AND_COMMON, 0)
	return bits;
}

/* False when there is none. */
static __always_inline bool take_word(struct pursuit *pursuit)
{
	__u32 word = lowest(pursuit->summary) & (MAX_WORDS - 1);

	if (!pursuit->summary)
		return false;
	pursuit->summary &= pursuit->summary - 1;
	pursuit->bits = common_word(pursuit, word + 1);
	pursuit->word = word;
	return true;
}

#if WITH_ACTIONS
/* Is it a rule that only counts? Then it has counted: the search goes on. With `peek` it counts nothing. */
static __always_inline bool counts(__u32 index, const struct pursuit *pursuit)
{
	__u32 decision = decision_of(index);
	__u64 offset = record_offset(index);

	if (!(decision & DECISION_GOES_ON))
		return false;
	if (pursuit->peek || !is_inside(offset, BOUND_RECORD))
		return true;
	count(pursuit->ctx, DECISION_SLOT(decision));
#if WITH_CONNECTIONS
	decision |= (__u32)pursuit->state << STATE_SHIFT;
#endif
	log_packet(pursuit->ctx, decision, blob_at(offset));
	return true;
}
#endif

/* One step of bpf_loop: takes the next bit of the word, or the next word. */
static long pursue(__u32 step, struct pursuit *pursuit)
{
	__u32 record;

	(void)step;
	anchor();
	if (!pursuit->bits)
		return !take_word(pursuit);
	record = ROWS + pursuit->word * 64 + lowest(pursuit->bits);
#if WITH_CONNECTIONS
	if (!pursuit->informed && decision_of(record) & DECISION_CONNECTION) {
		pursuit->record = record; /* its bit stays: it may be the one */
		return 1;
	}
#endif
	pursuit->bits &= pursuit->bits - 1;
	if (!applies(record, &pursuit->subject, pursuit->peek))
		return 0;
#if WITH_ACTIONS
	if (enabled(KEY_COUNT) && counts(record, pursuit))
		return 0;
#endif
	pursuit->record = record;
	return 1;
}

#if WITH_CONNECTIONS
/*
 * Goes on from a rule that asks about the connection, unless one was found that does not. Rules that were passed stay so: their
 * buckets are not asked twice.
 */
static __always_inline void pursue_informed(struct pursuit *pursuit, struct xdp_md *ctx)
{
	if (!(decision_of(pursuit->record) & DECISION_CONNECTION))
		return;
	pursuit->state = connection_of(ctx);
	pursuit->sums[0] += informed_by(pursuit->state);
	pursuit->summary &= common_word(pursuit, 0);
	pursuit->bits &= common_word(pursuit, (pursuit->word & (MAX_WORDS - 1)) + 1);
	pursuit->informed = true;
	pursuit->record = ROW_DEFAULT;
	if (pursuit->bits || take_word(pursuit))
		bpf_loop(number(NUMBER_WORDS) * 65, pursue, pursuit, 0);
}
#endif

/*
 * Like `search`, for policies in which a rule whose fields match may not decide (rate limit, deadline, count): the search then goes on. The
 * first word is taken before the loop, because the verifier of Linux 6.1 examines one iteration only and deletes branches that it
 * does not reach there: if `bits` were known to be 0, it would delete the code that tests rules. Unless `asks`, no connection is
 * looked up.
 */
static __always_inline __u32 search_conditional(struct xdp_md *ctx, const struct sums *sums, const struct packet *p,
						__u32 bytes, bool peek, bool asks)
{
	struct pursuit pursuit = {.subject = {.family = family_of(p), .bytes = bytes}, .peek = peek, .record = ROW_DEFAULT};

#define KEEP(group, unused)              \
	if (!enabled(KEY_GROUP + group)) \
		break;                   \
	pursuit.sums[group] = SUM(*sums, group);
	if (enabled(KEY_LIMIT_SOURCE))
		pursuit.subject.source = p->source;
	if (enabled(KEY_LIMIT_DESTINATION))
		pursuit.subject.destination = p->destination;
	pursuit.sums[0] = SUM(*sums, 0);
	do {
		EACH_OTHER_GROUP(KEEP, 0)
	} while (0);
#if WITH_ACTIONS
	pursuit.ctx = ctx;
#endif
	pursuit.summary = common_word(&pursuit, 0);
	if (take_word(&pursuit))
		bpf_loop(number(NUMBER_WORDS) * 65, pursue, &pursuit, 0);
#if WITH_CONNECTIONS
	if (asks) {
		pursue_informed(&pursuit, ctx);
		let_rest_in(ctx, p, pursuit.state, decision_of(pursuit.record));
	}
	return decision_of(pursuit.record) | (__u32)pursuit.state << STATE_SHIFT;
#else
	(void)ctx;
	(void)asks;
	return decision_of(pursuit.record);
#endif
}
