/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a rule may ask beside the packet: is its deadline not over, is its bucket empty. Buckets are kept as the
 * time at which they would be full again (GCRA): one number, moved by compare-and-swap, refilled by time alone.
 */
#pragma once

#include "tables.h"

#define SWAPS 8 /* attempts against other CPUs; whoever loses them all is in a flood */
#define SECOND 1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32); /* rule bit */
	__type(value, __u64);
} limits SEC(".maps");

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

/* Whose bucket it is, where each source has one. */
struct sender {
	struct address address;
	__u32 family;
};

/* True when the bucket is empty. A packet that finds a token takes it, unless it only peeks. */
static __always_inline bool empties(__u64 *full_at, const struct record *r, __u64 now, bool peek)
{
	int attempt;

	for (attempt = 0; attempt < SWAPS; attempt++) {
		__u64 old = *(volatile __u64 *)full_at;
		__u64 from = old > now ? old : now;

		if (from - now > r->slack)
			return true;
		if (peek || __sync_val_compare_and_swap(full_at, old, from + r->interval) == old)
			return false;
	}
	return true;
}

static __always_inline bool exceeds(const struct record *r, __u32 bit, const struct sender *sender, bool peek)
{
	struct source_key key = {.hi = sender->address.hi, .lo = sender->address.lo, .rule = bit, .family = sender->family};
	__u64 now = bpf_ktime_get_ns(), first = now + r->interval, *full_at;

	if (enabled(KEY_LIMIT_SOURCE) && r->flags & RECORD_LIMIT_SOURCE) {
		full_at = bpf_map_lookup_elem(&sources, &key);
		if (!full_at) { /* a source not seen lately has a full bucket */
			if (!peek)
				bpf_map_update_elem(&sources, &key, &first, BPF_NOEXIST);
			return false;
		}
	} else {
		full_at = bpf_map_lookup_elem(&limits, &bit);
		if (!full_at)
			return false;
	}
	return empties(full_at, r, now, peek);
}

/* Does a rule whose fields agree match now? */
static __always_inline bool applies(__u32 index, const struct sender *sender, bool peek)
{
	__u64 offset = record_offset(index);
	struct record *r = blob_at(offset);

	if (!is_inside(offset, BOUND_RECORD))
		return false;
	if (enabled(KEY_UNTIL) && r->flags & RECORD_UNTIL &&
	    bpf_ktime_get_tai_ns() - number(NUMBER_TAI_OFFSET) * SECOND >= r->until)
		return false;
	if (enabled(KEY_LIMIT) && r->flags & RECORD_LIMIT && !exceeds(r, index - ROWS, sender, peek))
		return false;
	return true;
}
