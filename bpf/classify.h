/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Packet -> the first rule whose every field agrees. Each field's lookup gives a number; the numbers of a
 * group are summed to the index of a bit vector, one bit a rule; the vectors are ANDed where all summaries
 * say that something is left. The work depends on the fields that a policy uses, not on how many rules it has.
 */
#pragma once

#include "conditions.h"
#include "tables.h"

/* The sums of the groups; with `single`, a constant, there is but one and no need to ask which. */
struct sink {
	__u32 *sums;
	bool single;
};

static __always_inline void add(struct sink sink, enum field field, __u32 entry)
{
	sink.sums[sink.single ? 0 : settings.field[field].group & 15] += entry & ~ENTRY_LEAF;
}

static __always_inline void add_address(const struct view *view, struct sink sink, enum field field, const struct packet *p,
					const struct address *address)
{
	const volatile struct field_settings *f = &settings.field[field];
	__u32 entry = p->family == 1 ? f->root : p->family == 2 ? f->root6 : f->absent;

	add(sink, field, lookup_address(view, entry, address->hi, address->lo));
}

static __always_inline void add_mac(const struct view *view, struct sink sink, enum field field, __u64 mac)
{
	add(sink, field, lookup_address(view, settings.field[field].root, mac, 0));
}

static __always_inline void add_short(const struct view *view, struct sink sink, enum field field, bool present, __u32 key)
{
	const volatile struct field_settings *f = &settings.field[field];

	add(sink, field, present ? lookup_short(view, f->root, key) : f->absent);
}

/* For fields of so few values that all their leaves lie in a row. */
static __always_inline void add_small(const struct view *view, struct sink sink, enum field field, bool present, __u32 key)
{
	const volatile struct field_settings *f = &settings.field[field];

	add(sink, field, present ? entry_at(view, ENTRY_OFFSET(f->root), key) : f->absent);
}

#define UNCOMMON                                                                                        \
	(1U << FIELD_ICMP | 1U << FIELD_TCP_FLAGS | 1U << FIELD_LENGTH | 1U << FIELD_TTL | 1U << FIELD_DSCP |  \
	 1U << FIELD_VLAN | 1U << FIELD_ETHER_TYPE | 1U << FIELD_SOURCE_MAC | 1U << FIELD_DESTINATION_MAC)

static __always_inline void sum_uncommon(const struct view *view, struct sink sink, __u32 fields, const struct packet *p)
{
	bool ip = p->family != 0;

	if (fields & 1U << FIELD_ICMP)
		add_short(view, sink, FIELD_ICMP, p->transport == TRANSPORT_ICMP, p->icmp);
	if (fields & 1U << FIELD_TCP_FLAGS)
		add_small(view, sink, FIELD_TCP_FLAGS, p->transport == TRANSPORT_TCP, p->tcp_flags);
	if (fields & 1U << FIELD_LENGTH)
		add_short(view, sink, FIELD_LENGTH, ip, p->length);
	if (fields & 1U << FIELD_TTL)
		add_small(view, sink, FIELD_TTL, ip, p->ttl);
	if (fields & 1U << FIELD_DSCP)
		add_small(view, sink, FIELD_DSCP, ip, p->dscp);
	if (fields & 1U << FIELD_VLAN)
		add_small(view, sink, FIELD_VLAN, true, p->vlan);
	if (fields & 1U << FIELD_ETHER_TYPE)
		add_short(view, sink, FIELD_ETHER_TYPE, true, p->ether_type);
	if (fields & 1U << FIELD_SOURCE_MAC)
		add_mac(view, sink, FIELD_SOURCE_MAC, p->source_mac);
	if (fields & 1U << FIELD_DESTINATION_MAC)
		add_mac(view, sink, FIELD_DESTINATION_MAC, p->destination_mac);
}

static __always_inline void sum_fields(const struct view *view, struct sink sink, const struct packet *p)
{
	bool ports = p->transport == TRANSPORT_TCP || p->transport == TRANSPORT_PORTS;
	__u32 fields = view->fields;

	if (fields & 1U << FIELD_BASE)
		add_small(view, sink, FIELD_BASE, true, (p->family * 3 + p->fragment) << 8 | p->protocol);
	if (fields & 1U << FIELD_SOURCE)
		add_address(view, sink, FIELD_SOURCE, p, &p->source);
	if (fields & 1U << FIELD_DESTINATION)
		add_address(view, sink, FIELD_DESTINATION, p, &p->destination);
	if (fields & 1U << FIELD_SOURCE_PORT)
		add_short(view, sink, FIELD_SOURCE_PORT, ports, p->source_port);
	if (fields & 1U << FIELD_DESTINATION_PORT)
		add_short(view, sink, FIELD_DESTINATION_PORT, ports, p->destination_port);
	if (fields & UNCOMMON)
		sum_uncommon(view, sink, fields, p);
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

static __always_inline struct vector *vector_of(const struct view *view, const __u32 *sums, __u32 group)
{
	__u32 index = sums[group & 15];

	if (settings.mapped & 1U << group)
		index = entry_at(view, 0, index);
	return within(view, index * 8ULL, (settings.words + 1) * 8);
}

struct sums {
	__u32 of[16]; /* group -> index of its vector, or into `pairs` */
};

/* Bits of `word` that all groups have. Vectors were found before: they are there. */
static __always_inline __u64 agreeing(struct vector **v, __u32 groups, __u32 word)
{
	__u64 bits = v[0]->words[word];
	__u32 group;

	for (group = 1; group < groups; group++)
		bits &= v[group]->words[word];
	return bits;
}

/* Sets `v` to the groups' vectors and returns which words may have a bit in all of them. */
static __always_inline __u64 find_vectors(const struct view *view, const struct sums *sums, struct vector **v, __u32 groups)
{
	__u64 summary = ~0ULL;
	__u32 group;

	for (group = 0; group < groups; group++) {
		v[group] = vector_of(view, sums->of, group);
		if (!v[group])
			return 0;
		summary &= v[group]->summary;
	}
	return summary;
}

/* The record that decides: a rule's, or the default's. */
static __always_inline __u32 search(const struct view *view, const struct sums *sums)
{
	__u32 groups = settings.groups, words = settings.words, step, word;
	struct vector *v[FIELDS];
	__u64 summary, bits;

	if (groups > FIELDS)
		return ROW_DEFAULT;
	summary = find_vectors(view, sums, v, groups);
	for (step = 0; step < words; step++) {
		if (!summary)
			break;
		word = lowest(summary);
		summary &= summary - 1;
		if (word >= words)
			break;
		bits = agreeing(v, groups, word);
		if (bits)
			return ROWS + word * 64 + lowest(bits);
	}
	return ROW_DEFAULT;
}

/* A search that may go on after a rule that agrees. */
struct pursuit {
	const struct sums *sums;
	const struct packet *packet;
	__u64 summary, bits; /* words and bits of `word` not looked at yet */
	__u32 word, record;
	bool peek;
};

/*
 * Words of all groups ANDed; word 0 of a vector is its summary. Finds the vectors anew, for the stack's sake: only
 * policies with limits or deadlines come here.
 */
static __always_inline __u64 common_word(const struct view *view, const struct sums *sums, __u32 groups, __u32 word)
{
	__u64 bits = ~0ULL;
	__u32 group;

	for (group = 0; group < groups; group++) {
		__u64 *vector = (__u64 *)vector_of(view, sums->of, group);

		if (!vector)
			return 0;
		bits &= vector[word];
	}
	return bits;
}

/* One bit, or the next word. */
static long pursue(__u32 step, struct pursuit *pursuit)
{
	__u32 groups = settings.groups, words = settings.words;
	struct view opened = open_view(), *view = &opened;
	__u32 record;

	(void)step;
	if (!view->tables || groups > FIELDS)
		return 1;
	if (!pursuit->bits) {
		if (!pursuit->summary)
			return 1;
		pursuit->word = lowest(pursuit->summary);
		pursuit->summary &= pursuit->summary - 1;
		if (pursuit->word < words)
			pursuit->bits = common_word(view, pursuit->sums, groups, pursuit->word + 1);
		return 0;
	}
	record = ROWS + pursuit->word * 64 + lowest(pursuit->bits);
	pursuit->bits &= pursuit->bits - 1;
	if (!applies(view, record, pursuit->packet, pursuit->peek))
		return 0;
	pursuit->record = record;
	return 1;
}

/* The same as `search` where a rule that agrees may not apply after all, and the search goes on. */
static __always_inline __u32 search_conditional(const struct view *view, const struct sums *sums, const struct packet *p,
						bool peek)
{
	struct pursuit pursuit = {.sums = sums, .packet = p, .peek = peek, .record = ROW_DEFAULT};

	if (settings.groups > FIELDS)
		return ROW_DEFAULT;
	pursuit.summary = common_word(view, sums, settings.groups, 0);
	bpf_loop(settings.words * 65, pursue, &pursuit, 0);
	return pursuit.record;
}

/* Returns the index of a record. With `peek`, no bucket is touched. */
static __always_inline __u32 classify(const struct view *view, const struct packet *p, bool peek)
{
	__u32 groups = settings.groups, features = view->features, group;
	struct sums sums;

	if (features & FEATURE_DIRECT) {
		__u32 sum = settings.base[0];

		sum_fields(view, (struct sink){.sums = &sum, .single = true}, p);
		return entry_at(view, 0, sum);
	}
	for (group = 0; group < groups && group < FIELDS; group++)
		sums.of[group] = settings.base[group];
	sum_fields(view, (struct sink){.sums = sums.of}, p);
	if (features & FEATURE_CONDITIONAL)
		return search_conditional(view, &sums, p, peek);
	return search(view, &sums);
}
