/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Packet -> the first rule whose every field agrees. Each field's lookup gives a number; the numbers of a
 * group are summed to the index of a bit vector, one bit a rule, and search.h finds the lowest bit that all vectors
 * have. The work depends on the fields that a policy uses, not on how many rules it has.
 *
 * Nothing loops over fields or groups: what a policy does not use is gone, the rest stays in registers.
 */
#pragma once

#include "search.h"
#include "set.h"
#include "tables.h"

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
