/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The conditions of a rule besides the packet: its deadline and its rate limit. A bucket is the time at which it would be full again
 * (GCRA, generic cell rate algorithm): one number, changed by compare-and-swap, and refilled by the passing of time. A packet that
 * finds a token takes its whole cost, so that a packet longer than a bucket of bytes needs no special case.
 */
#pragma once

#include "tables.h"

#define SWAPS 8 /* attempts against other CPUs; if all fail, there is a flood, and the bucket counts as empty */
#define SECOND 1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32); /* 0 of neighbour discovery, then rule bits */
	__type(value, __u64);
} limits SEC(".maps");

#define LIMIT_OF_RULES 1

/* Neighbour discovery that passes on an interface: packets per second, and burst. docs/state-files.md has the same numbers. */
#define DISCOVERY_RATE 2000
#define DISCOVERY_BURST 10000

struct source_key {
	__u64 hi, lo;
	__u32 rule;
	__u32 family;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct source_key);
	__type(value, __u64);
} sources SEC(".maps");

/* The packet, as rate limits see it: its addresses, and its cost in a bucket of bytes. */
struct subject {
	struct address source, destination;
	__u32 family;
	__u32 bytes; /* of the frame */
};

/* True when the bucket is empty; else takes `cost`. `slack`: how far `full_at` may be ahead of `now` while a token is left. */
static __always_inline bool empties(__u64 *full_at, __u64 cost, __u64 slack, __u64 now)
{
	int attempt;

	for (attempt = 0; attempt < SWAPS; attempt++) {
		__u64 old = *(volatile __u64 *)full_at;
		__u64 from = old > now ? old : now;

		if (from - now > slack)
			return true;
		if (__sync_val_compare_and_swap(full_at, old, from + cost) == old)
			return false;
	}
	return true;
}

/* A bucket per prefix: all addresses that are equal in the bits of the rule's mask share one. */
static __always_inline bool exceeds_alone(const struct record *r, __u32 bucket, const struct subject *s, __u64 cost, __u64 now)
{
	struct source_key key = {.hi = s->source.hi, .lo = s->source.lo, .rule = bucket, .family = s->family};
	__u64 first = now + cost, *full_at;

	if (enabled(KEY_LIMIT_DESTINATION) && r->flags & RECORD_LIMIT_DESTINATION) {
		key.hi = s->destination.hi;
		key.lo = s->destination.lo;
	}
	key.hi &= s->family == 2 ? r->six_hi : r->four;
	key.lo &= r->six_lo;
	full_at = bpf_map_lookup_elem(&sources, &key);
	if (full_at)
		return empties(full_at, cost, r->slack, now);
	bpf_map_update_elem(&sources, &key, &first, BPF_NOEXIST); /* a prefix without an entry has a full bucket */
	return false;
}

static __always_inline bool exceeds(const struct record *r, __u32 bucket, const struct subject *s)
{
	__u64 now = bpf_ktime_get_ns(), cost = r->interval, *full_at;
	__u32 slot = LIMIT_OF_RULES + bucket;

	if (enabled(KEY_LIMIT_BYTES) && r->flags & RECORD_LIMIT_BYTES) {
		now <<= TICK_SHIFT;
		cost = (cost * s->bytes + (1 << (COST_SHIFT - 1))) >> COST_SHIFT;
	}
	if (enabled(KEY_LIMIT_ADDRESS) && r->flags & (RECORD_LIMIT_SOURCE | RECORD_LIMIT_DESTINATION))
		return exceeds_alone(r, bucket, s, cost, now);
	full_at = bpf_map_lookup_elem(&limits, &slot);
	return full_at && empties(full_at, cost, r->slack, now);
}

/* Does an interface receive more neighbour discovery than passes without the rules? */
static __always_inline bool exceeds_discovery(void)
{
	__u64 interval = SECOND / DISCOVERY_RATE, *full_at;
	__u32 slot = 0;

	full_at = bpf_map_lookup_elem(&limits, &slot);
	return full_at && empties(full_at, interval, interval * (DISCOVERY_BURST - 1), bpf_ktime_get_ns());
}

/* Does a rule whose fields match apply now? With `peek`, no rate counts as exceeded. */
static __always_inline bool applies(__u32 index, const struct subject *subject, bool peek)
{
	__u64 offset = record_offset(index);
	struct record *r = blob_at(offset);

	if (!is_inside(offset, BOUND_RECORD))
		return false;
	if (enabled(KEY_UNTIL) && r->flags & RECORD_UNTIL &&
	    bpf_ktime_get_tai_ns() - number(NUMBER_TAI_OFFSET) * SECOND >= r->until)
		return false;
	if (enabled(KEY_LIMIT) && r->flags & RECORD_LIMIT) {
		bool above = !peek && exceeds(r, r->bucket, subject);

		return above == !(r->flags & RECORD_LIMIT_BELOW);
	}
	return true;
}
