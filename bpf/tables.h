/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the compiler (src/policy/compile.ts) made of the rules. Sizes are set before load.
 *
 * One blob, the only value of an array map: one lookup a packet finds it, everything in it is found by offset.
 * Offsets in it are in units of 8 bytes, unless said otherwise.
 *
 * An entry is 32 bits: a leaf with a value; a node of 256 entries, which is indexed by one byte of the key; or a
 * test, which compares the key under a mask and goes on to one of two entries. Addresses may need several of them,
 * a port two nodes at most, a field of few values is one table of leaves.
 */
#pragma once

#include "packet.h"
#include "settings.h"

#define MAX_WORDS 20

#define ENTRY_LEAF 0x80000000U
#define ENTRY_TEST 0x40000000U
#define ENTRY_DEPTH(e) ((e) >> 26 & 15) /* which byte of the key a node is indexed by */
#define ENTRY_OFFSET(e) (((e) & 0x3ffffff) * 8ULL)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 64); /* the compiler says how much it is */
} tables SEC(".maps");

struct test {
	__u64 hi_mask, hi, lo_mask, lo;
	__u32 next, miss;
};

/* Bit r of words[w] is rule 64 w + r; bit w of summary says that words[w] is not zero. */
struct vector {
	__u64 summary;
	__u64 words[MAX_WORDS]; /* as many as the policy needs: settings.words */
};

/* Records 0 to 4 are the built-in rows, in the order of enum row; rule bits follow. */
enum row { ROW_PROTECT, ROW_MALFORMED, ROW_FRAGMENTS, ROW_NON_IP, ROW_DEFAULT, ROWS };

#define RECORD_VERDICT 0xff /* enum xdp_action */
#define RECORD_LIMIT 0x100
#define RECORD_LIMIT_SOURCE 0x200 /* with RECORD_LIMIT */
#define RECORD_UNTIL 0x400
#define RECORD_LOG 0x800
#define RECORD_CPU 0x1000 /* `target` is a CPU and not an interface */

struct record {
	__u32 flags;
	__u32 slot;   /* in counters */
	__u32 target; /* ifindex or CPU */
	__u32 sample; /* logged when a random 32-bit number is at most this */
	__u64 interval; /* ns that one token takes to refill */
	__u64 slack;    /* ns that a full bucket is ahead: (burst - 1) * interval */
	__u64 until;    /* ns since 1970, UTC */
};

struct count {
	__u64 packets, bytes; /* bytes of the frame as the driver hands it over */
};

/* Belongs to the interface and outlives instances; which slot a rule name has is the loader's business. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct count);
} counters SEC(".maps");

static __always_inline struct view open_view(void)
{
	__u32 key = 0;

	return (struct view){
		.tables = bpf_map_lookup_elem(&tables, &key),
		.features = settings.features,
		.fields = settings.fields,
		.size = settings.size,
	};
}

/*
 * `bytes` of the blob from byte `offset` on. In bounds by construction; the check is for the verifier, which knows
 * the size because settings are frozen, and 0 is never returned.
 */
static __always_inline void *within(const struct view *view, __u64 offset, __u64 bytes)
{
	if (offset > view->size - bytes)
		return 0;
	barrier_var(offset); /* or clang adds before it compares */
	return view->tables + offset;
}

static __always_inline __u32 entry_at(const struct view *view, __u64 offset, __u32 index)
{
	__u32 *entry = within(view, offset + index * 4ULL, 4);

	return entry ? *entry : ENTRY_LEAF;
}

static __always_inline __u32 lookup_short(const struct view *view, __u32 root, __u32 key)
{
	__u32 entry = entry_at(view, ENTRY_OFFSET(root), key >> 8 & 0xff);

	return entry & ENTRY_LEAF ? entry : entry_at(view, ENTRY_OFFSET(entry), key & 0xff);
}

static __always_inline __u32 next_in_test(const struct view *view, __u32 entry, __u64 hi, __u64 lo)
{
	struct test *test = within(view, ENTRY_OFFSET(entry), sizeof(*test));

	if (!test)
		return ENTRY_LEAF;
	return (hi & test->hi_mask) == test->hi && (lo & test->lo_mask) == test->lo ? test->next : test->miss;
}

static __always_inline __u32 lookup_address(const struct view *view, __u32 entry, __u64 hi, __u64 lo)
{
	__u32 steps = settings.steps, step;

	for (step = 0; step < steps; step++) {
		__u32 depth = ENTRY_DEPTH(entry);

		if (entry & ENTRY_LEAF)
			break;
		if (entry & ENTRY_TEST)
			entry = next_in_test(view, entry, hi, lo);
		else
			entry = entry_at(view, ENTRY_OFFSET(entry),
					 (depth < 8 ? hi : lo) >> (56 - 8 * (depth & 7)) & 0xff);
	}
	return entry;
}

static __always_inline struct record *record_of(const struct view *view, __u32 index)
{
	return within(view, settings.records * 8ULL + index * (__u64)sizeof(struct record), sizeof(struct record));
}
