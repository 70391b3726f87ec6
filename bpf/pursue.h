/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The search of policies in which a rule whose fields match may not decide: it has a rate limit or a deadline, it only counts, or it leaves
 * its layer where rules ask about connections. A loop, so that the verifier follows one step alone.
 */
#pragma once

#include "search.h"

#if WITH_CONNECTIONS
#include "connection_state.h"
#endif

/* State of a search that may continue after a rule whose fields match. */
struct pursuit {
	struct subject subject;
	__u64 summary, bits; /* words and bits of `word` not looked at yet */
	__u32 word, record;
	bool peek;
#if WITH_ACTIONS
	struct xdp_md *ctx;
	__u32 from; /* no bit below this one: layers that were left */
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
#if WITH_ACTIONS
	if (enabled(KEY_NEXT))
		pursuit->bits &= bits_from(pursuit->from, word);
#endif
	pursuit->word = word;
	return true;
}

#if WITH_ACTIONS
/* The words and bits before the next layer are not looked at any more. */
static __always_inline void leave_layer(struct pursuit *pursuit, __u32 decision)
{
	__u32 from = next_layer(decision);

	pursuit->from = from;
	pursuit->summary &= ~0ULL << (from >> 6 & 63);
	pursuit->bits = pursuit->word == from >> 6 ? pursuit->bits & bits_from(from, pursuit->word) : 0;
}

/* Is it a rule that decides nothing? Then it has counted, and the search goes on. */
static __always_inline bool passes_on(__u32 index, struct pursuit *pursuit)
{
	__u32 decision = decision_of(index);

	if (!(decision & DECISION_GOES_ON))
		return false;
	if (enabled(KEY_NEXT) && DECISION_VERDICT(decision) == SAYS_NEXT)
		leave_layer(pursuit, decision);
#if WITH_CONNECTIONS
	decision |= (__u32)pursuit->state << STATE_SHIFT;
#endif
	count_passing(pursuit->ctx, decision, pursuit->peek);
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
	if (enabled(KEY_COUNT) && passes_on(record, pursuit))
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
