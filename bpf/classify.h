/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Packet -> the first rule whose every field agrees. Each field's lookup gives a number; the numbers of a
 * group are summed to the index of a bit vector, one bit a rule; the vectors are ANDed where all summaries
 * say that something is left. The work depends on the fields that a policy uses, not on how many rules it has.
 */
#pragma once

#include "conditions.h"
#include "tables.h"

static __always_inline void add(__u32 *sums, enum field field, __u32 entry)
{
	sums[settings.field[field].group & 15] += entry & ~ENTRY_LEAF;
}

static __always_inline void add_address(__u32 *sums, enum field field, const struct packet *p,
					const struct address *address)
{
	const volatile struct field_settings *f = &settings.field[field];
	__u32 entry = p->family == 1 ? f->root : p->family == 2 ? f->root6 : f->absent;

	add(sums, field, lookup_address(entry, address->hi, address->lo));
}

static __always_inline void add_mac(__u32 *sums, enum field field, __u64 mac)
{
	add(sums, field, lookup_address(settings.field[field].root, mac, 0));
}

static __always_inline void add_short(__u32 *sums, enum field field, bool present, __u32 key)
{
	const volatile struct field_settings *f = &settings.field[field];

	add(sums, field, present ? lookup_short(f->root, key) : f->absent);
}

static __always_inline void add_byte(__u32 *sums, enum field field, bool present, __u32 key)
{
	const volatile struct field_settings *f = &settings.field[field];

	add(sums, field, present ? lookup_byte(f->root, key) : f->absent);
}

static __always_inline void sum_fields(__u32 *sums, const struct packet *p)
{
	bool ports = p->transport == TRANSPORT_TCP || p->transport == TRANSPORT_PORTS;
	bool ip = p->family != 0;

	if (uses(FIELD_BASE))
		add_short(sums, FIELD_BASE, true, (p->family * 3 + p->fragment) << 8 | p->protocol);
	if (uses(FIELD_SOURCE))
		add_address(sums, FIELD_SOURCE, p, &p->source);
	if (uses(FIELD_DESTINATION))
		add_address(sums, FIELD_DESTINATION, p, &p->destination);
	if (uses(FIELD_SOURCE_PORT))
		add_short(sums, FIELD_SOURCE_PORT, ports, p->source_port);
	if (uses(FIELD_DESTINATION_PORT))
		add_short(sums, FIELD_DESTINATION_PORT, ports, p->destination_port);
	if (uses(FIELD_ICMP))
		add_short(sums, FIELD_ICMP, p->transport == TRANSPORT_ICMP, p->icmp);
	if (uses(FIELD_TCP_FLAGS))
		add_byte(sums, FIELD_TCP_FLAGS, p->transport == TRANSPORT_TCP, p->tcp_flags);
	if (uses(FIELD_LENGTH))
		add_short(sums, FIELD_LENGTH, ip, p->length);
	if (uses(FIELD_TTL))
		add_byte(sums, FIELD_TTL, ip, p->ttl);
	if (uses(FIELD_DSCP))
		add_byte(sums, FIELD_DSCP, ip, p->dscp);
	if (uses(FIELD_VLAN))
		add_short(sums, FIELD_VLAN, true, p->vlan);
	if (uses(FIELD_ETHER_TYPE))
		add_short(sums, FIELD_ETHER_TYPE, true, p->ether_type);
	if (uses(FIELD_SOURCE_MAC))
		add_mac(sums, FIELD_SOURCE_MAC, p->source_mac);
	if (uses(FIELD_DESTINATION_MAC))
		add_mac(sums, FIELD_DESTINATION_MAC, p->destination_mac);
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

static __always_inline struct vector *vector_of(const __u32 *sums, __u32 group)
{
	__u32 index = sums[group & 15];

	if (settings.mapped & 1U << group) {
		__u32 *mapped = bpf_map_lookup_elem(&pairs, &index);

		if (!mapped)
			return 0;
		index = *mapped;
	}
	return bpf_map_lookup_elem(&vectors, &index);
}

/* The record that decides: a rule's, or the default's. */
static __always_inline __u32 search(const __u32 *sums, const struct packet *p, bool peek)
{
	__u32 groups = settings.groups, words = settings.words, steps, step, word = 0, group;
	struct vector *v[FIELDS] = {};
	__u64 summary = ~0ULL, left = 0;

	for (group = 0; group < groups && group < FIELDS; group++) {
		v[group] = vector_of(sums, group);
		if (!v[group])
			return ROW_DEFAULT;
		summary &= v[group]->summary;
	}
	steps = settings.features & FEATURE_CONDITIONAL ? words * 65 : words;
	for (step = 0; step < steps; step++) {
		__u32 bit;

		if (!left) {
			if (!summary)
				break;
			word = lowest(summary);
			summary &= summary - 1;
			if (word >= words)
				break;
			left = v[0]->words[word];
			for (group = 1; group < groups && group < FIELDS; group++)
				left &= v[group]->words[word];
			if (!left)
				continue;
		}
		bit = word * 64 + lowest(left);
		if (!(settings.features & FEATURE_CONDITIONAL) || applies(ROWS + bit, p, peek))
			return ROWS + bit;
		left &= left - 1;
	}
	return ROW_DEFAULT;
}

/*
 * A function of its own for the verifier: it proves this once, for any packet, and not again for each way through
 * the parser. Returns the index of a record. With `peek`, no bucket is touched.
 */
__noinline int classify(const struct packet *p, bool peek)
{
	__u32 sums[16] = {};
	__u32 group;

	if (!p)
		return ROW_DEFAULT;
	for (group = 0; group < settings.groups && group < FIELDS; group++)
		sums[group] = settings.base[group];
	sum_fields(sums, p);
	if (settings.features & FEATURE_DIRECT) {
		__u32 *record = bpf_map_lookup_elem(&pairs, &sums[0]);

		return record ? *record : ROW_DEFAULT;
	}
	return search(sums, p, peek);
}
