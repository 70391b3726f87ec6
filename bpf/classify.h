/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Packet -> the first rule whose every field agrees. Each field's lookup gives a number; the numbers of a
 * group are summed to the index of a bit vector, one bit a rule; the vectors are ANDed where all summaries
 * say that something is left. The work depends on the fields that a policy uses, not on how many rules it has.
 *
 * Nothing loops over fields or groups: what a policy does not use is gone, the rest stays in registers.
 */
#pragma once

#include "conditions.h"
#include "set.h"
#include "tables.h"

#define NEAR 3

/* Group -> place of its vector, or of the entry that says where it is. Few policies have more than a few groups. */
struct sums {
	__u32 near[NEAR]; /* in registers */
	__u32 *far;       /* in memory, so that nobody has to clear them */
};

#define NEAR_SUM(sums, group) ((sums).near[(group) < NEAR ? (group) : 0])
#define SUM(sums, group) (*((group) < NEAR ? &NEAR_SUM(sums, group) : &(sums).far[group]))

/* A root is mostly a node, and then the first step does not wait for it. */
static __always_inline __u32 find_four(enum field field, __u64 hi)
{
	__u32 entry = number(NUMBER_ROOT + field);

	return lookup_address(enabled(KEY_NODE + field) ? entry_in(entry, FIRST_BYTE(hi)) : entry, hi, 0, false);
}

static __always_inline __u32 find_six(enum field field, const struct address *address)
{
	__u32 entry = number(NUMBER_ROOT6 + field);

	if (enabled(KEY_NODE6 + field))
		entry = entry_in(entry, FIRST_BYTE(address->hi));
	return lookup_address(entry, address->hi, address->lo, true);
}

static __always_inline __u32 find_address(enum field field, __u32 base, const struct address *address)
{
	if (base >= BASE_IPV6)
		return find_six(field, address);
	return base >= BASE_IPV4 ? find_four(field, address->hi) : number(NUMBER_ABSENT + field);
}

static __always_inline __u32 find_short(enum field field, __u32 key)
{
	return lookup_short(number(NUMBER_ROOT + field), key);
}

/* For fields of so few values that all their leaves lie in a row. */
static __always_inline __u32 find_small(enum field field, __u32 key)
{
	return entry_at(number(NUMBER_ROOT + field) + key * 4ULL);
}

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

/* What a group's vector says of its words. */
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

/* A search that may go on after a rule that agrees. */
struct pursuit {
	struct sender sender;
	__u64 summary, bits; /* words and bits of `word` not looked at yet */
	__u32 word, record;
	bool peek;
	__u32 sums[GROUPS];
};

/*
 * Words of all groups ANDed; word 0 of a vector is its summary. Finds the vectors anew, for the stack's sake: only
 * policies with limits or deadlines come here.
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

/* One bit, or the next word. */
static long pursue(__u32 step, struct pursuit *pursuit)
{
	__u32 record;

	(void)step;
	anchor();
	if (!pursuit->bits)
		return !take_word(pursuit);
	record = ROWS + pursuit->word * 64 + lowest(pursuit->bits);
	pursuit->bits &= pursuit->bits - 1;
	if (!applies(record, &pursuit->sender, pursuit->peek))
		return 0;
	pursuit->record = record;
	return 1;
}

/*
 * The same as `search` where a rule that agrees may not apply after all, and the search goes on. The first word is taken
 * before: the verifier of Linux 6.1 looks at one round alone, and deletes what it does not see there. Were `bits` known to
 * be 0 in it, no rule would ever be asked.
 */
static __always_inline __u32 search_conditional(const struct sums *sums, const struct packet *p, bool peek)
{
	struct pursuit pursuit = {.sender = {.family = family_of(p)}, .peek = peek, .record = ROW_DEFAULT};

#define KEEP(group, unused)              \
	if (!enabled(KEY_GROUP + group)) \
		break;                   \
	pursuit.sums[group] = SUM(*sums, group);
	if (enabled(KEY_SOURCE))
		pursuit.sender.address = p->source;
	pursuit.sums[0] = SUM(*sums, 0);
	do {
		EACH_OTHER_GROUP(KEEP, 0)
	} while (0);
	pursuit.summary = common_word(&pursuit, 0);
	if (take_word(&pursuit))
		bpf_loop(number(NUMBER_WORDS) * 65, pursue, &pursuit, 0);
	return decision_of(pursuit.record);
}

/* Which sets hold the addresses of a packet. */
static __always_inline __u32 find_sets(const struct packet *p)
{
	__u32 found = 0;

#define ASK(slot)                                                                                            \
	if (!enabled(KEY_SET + slot))                                                                        \
		return found;                                                                                \
	found |= (ask_set##slot(enabled(KEY_SET_DESTINATION + slot) ? &p->destination : &p->source, family_of(p)) & 1) \
		 << slot;
	EACH_SET(ASK)
	return found;
}

/*
 * Adds a leaf to the sum of its field's group, with the bit that marks it: what the sum begins with makes up for that.
 * Macros, because clang would merge the groups of a function into one that is found by its address.
 */
#define BEGIN(group, unused)             \
	if (!enabled(KEY_GROUP + group)) \
		break;                   \
	SUM(sums, group) = number(NUMBER_BASE + group);

#define ADD_TO(group, field)                            \
	if (!enabled(KEY_GROUP + group))                \
		break;                                  \
	if (enabled(KEY_MEMBER + 16 * group + field)) { \
		SUM(sums, group) += found;              \
		break;                                  \
	}

#define ADD(field, leaf)                            \
	do {                                        \
		__u32 found = leaf;                 \
                                                    \
		if (enabled(KEY_MEMBER + field)) {  \
			SUM(sums, 0) += found;      \
			break;                      \
		}                                   \
		EACH_OTHER_GROUP(ADD_TO, field)     \
	} while (0)

/* Returns a decision. With `peek`, and for a question, no bucket is touched. */
static __always_inline __u32 classify(struct xdp_md *ctx, const struct packet *p, bool peek)
{
	__u32 base = p->base;
	__u32 far[GROUPS];
	struct sums sums;

	sums.far = far;
	sums.near[0] = number(NUMBER_BASE);
	asm volatile("" : "=m"(far)); /* or clang would know better */
	do {
		EACH_OTHER_GROUP(BEGIN, 0)
	} while (0);
	if (asks(FIELD_BASE))
		ADD(FIELD_BASE, entry_in(number(NUMBER_ROOT + FIELD_BASE), (base & BASE_MASK) * 4));
	if (asks(FIELD_SOURCE))
		ADD(FIELD_SOURCE, find_address(FIELD_SOURCE, base, &p->source));
	if (asks(FIELD_DESTINATION))
		ADD(FIELD_DESTINATION, find_address(FIELD_DESTINATION, base, &p->destination));
	if (asks(FIELD_SOURCE_PORT))
		ADD(FIELD_SOURCE_PORT, find_short(FIELD_SOURCE_PORT, p->source_port));
	if (asks(FIELD_DESTINATION_PORT))
		ADD(FIELD_DESTINATION_PORT, find_short(FIELD_DESTINATION_PORT, p->destination_port));
	if (!enabled(KEY_UNCOMMON))
		goto summed;
	if (asks(FIELD_ICMP))
		ADD(FIELD_ICMP, find_short(FIELD_ICMP, p->icmp));
	if (asks(FIELD_TCP_FLAGS))
		ADD(FIELD_TCP_FLAGS, find_small(FIELD_TCP_FLAGS, p->tcp_flags));
	if (asks(FIELD_LENGTH))
		ADD(FIELD_LENGTH, find_short(FIELD_LENGTH, p->length));
	if (asks(FIELD_TTL))
		ADD(FIELD_TTL, find_small(FIELD_TTL, p->ttl));
	if (asks(FIELD_DSCP))
		ADD(FIELD_DSCP, find_small(FIELD_DSCP, p->dscp));
	if (asks(FIELD_VLAN))
		ADD(FIELD_VLAN, find_small(FIELD_VLAN, p->vlan));
	if (asks(FIELD_ETHER_TYPE))
		ADD(FIELD_ETHER_TYPE, find_short(FIELD_ETHER_TYPE, p->ether_type));
	if (asks(FIELD_SOURCE_MAC))
		ADD(FIELD_SOURCE_MAC, find_four(FIELD_SOURCE_MAC, p->source_mac));
	if (asks(FIELD_DESTINATION_MAC))
		ADD(FIELD_DESTINATION_MAC, find_four(FIELD_DESTINATION_MAC, p->destination_mac));
	if (asks(FIELD_SETS))
		ADD(FIELD_SETS, find_small(FIELD_SETS, base ? find_sets(p) + PRESENT : 0));
summed:
	if (enabled(KEY_DIRECT))
		return decision_at(SUM(sums, 0));
	if (enabled(KEY_CONDITIONAL))
		return search_conditional(&sums, p, peek || is_question(ctx));
	return search(&sums);
}
