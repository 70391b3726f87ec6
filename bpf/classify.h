/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A bit-vector classifier: finds the first rule of which every field matches the packet. Each field is looked up once and gives a
 * number; the numbers of a group of fields are summed to the index of a bit vector with one bit per rule, and search.h finds the
 * lowest bit that is set in the vectors of all groups. The cost depends on the fields that a policy uses, not on its number of rules.
 *
 * There is no loop over fields or groups: unused ones are deleted at load, and the sums of the others stay in registers.
 */
#pragma once

#include "pursue.h"
#include "set.h"
#include "tables.h"

/* The root is mostly a node; then its entry is read directly, without loading the root first. */
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

/* For fields with few values: all leaves are in one row. */
static __always_inline __u32 find_small(enum field field, __u32 key)
{
	return entry_at(number(NUMBER_ROOT + field) + key * 4ULL);
}

/* Bit n: set n contains the packet's source or destination. */
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
 * Adds a leaf to the sum of its field's group. The leaf is added with ENTRY_LEAF still set; the initial value of the sum
 * compensates for that. Macros, because clang would merge the groups of a function and index them in memory.
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

/* How the leaf of a field is found; `p` is the packet and `base` is p->base. */
#define FIND_base(field, member) entry_in(number(NUMBER_ROOT + field), (base & BASE_MASK) * 4)
#define FIND_address(field, member) find_address(field, base, &p->member)
#define FIND_short(field, member) find_short(field, p->member)
#define FIND_small(field, member) find_small(field, p->member)
#define FIND_mac(field, member) find_four(field, p->member)
#define FIND_sets(field, member) find_small(field, base ? find_sets(p) + PRESENT : 0)

#define LOOK_UP(name, found_as, member) \
	if (asks(FIELD_##name))         \
		ADD(FIELD_##name, FIND_##found_as(FIELD_##name, member));

#if WITH_CONNECTIONS
static __always_inline __u32 find_rule(struct xdp_md *ctx, const struct sums *sums)
{
	return enabled(KEY_DIRECT) ? decision_at(SUM(*sums, 0)) : search(ctx, sums, true);
}

/* The rest of `classify`: looks the connection up where a rule that asks about it is reached; with `peek`, nowhere. */
static __always_inline __u32 classify_connection(struct xdp_md *ctx, struct sums *sums, const struct packet *p, bool peek)
{
	__u32 decision, state;

	SUM(*sums, 0) += connection_leaf(CONNECTION_UNASKED + PRESENT);
	if (enabled(KEY_CONDITIONAL))
		return search_conditional(ctx, sums, p, enabled(KEY_LIMIT_BYTES) ? frame_bytes(ctx) : 0, peek || is_question(ctx), !peek);
	decision = find_rule(ctx, sums);
	if (peek || !(decision & DECISION_CONNECTION))
		return decision;
	state = connection_of(ctx);
	SUM(*sums, 0) += informed_by(state);
	decision = find_rule(ctx, sums);
	let_rest_in(ctx, p, state, decision);
	return decision | state << STATE_SHIFT;
}
#endif

/*
 * Returns a decision. With `peek`, and for a question, no bucket is used: every bucket counts as full. With `peek`, no connection is
 * looked up.
 */
static __always_inline __u32 classify(struct xdp_md *ctx, const struct packet *p, bool peek)
{
	__u32 base = p->base;
	__u32 far[GROUPS];
	struct sums sums;

	sums.far = far;
	sums.near[0] = number(NUMBER_BASE);
	asm volatile("" : "=m"(far)); /* or clang would move it to registers */
	do {
		EACH_OTHER_GROUP(BEGIN, 0)
	} while (0);
	EACH_COMMON_FIELD(LOOK_UP)
	if (!enabled(KEY_UNCOMMON))
		goto summed;
	EACH_UNCOMMON_FIELD(LOOK_UP)
summed:
#if WITH_CONNECTIONS
	return classify_connection(ctx, &sums, p, peek);
#endif
#if WITH_ACTIONS && !WITH_CONNECTIONS
	if (enabled(KEY_DIRECT) && enabled(KEY_NEXT))
		return follow(ctx, SUM(sums, 0), peek || is_question(ctx));
#endif
	if (enabled(KEY_DIRECT))
		return decision_at(SUM(sums, 0));
	if (enabled(KEY_CONDITIONAL))
		return search_conditional(ctx, &sums, p, enabled(KEY_LIMIT_BYTES) ? frame_bytes(ctx) : 0, peek || is_question(ctx), false);
	return search(ctx, &sums, peek);
}
