/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the compiler (src/policy/compile.ts) made of the rules. Sizes are set before load.
 *
 * An entry is 32 bits: a leaf with a value; a node, which is indexed by one byte of the key; or a test, which
 * compares the key under a mask and goes on to one of two entries. Addresses may need several of them, a port
 * two nodes at most, a byte one node.
 */
#pragma once

#include "packet.h"
#include "settings.h"

#define MAX_WORDS 20
#define MAX_RULE_BITS (MAX_WORDS * 64)

#define ENTRY_LEAF 0x80000000U
#define ENTRY_TEST 0x40000000U
#define ENTRY_DEPTH(e) ((e) >> 26 & 15) /* which byte of the key a node is indexed by */
#define ENTRY_NODE(e) ((e) & 0x3ffffff)

struct node {
	__u32 entries[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct node);
} nodes SEC(".maps");

struct test {
	__u64 hi_mask, hi, lo_mask, lo;
	__u32 next, miss;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct test);
} tests SEC(".maps");

/* Sum of a group's leaf values -> its vector, or, with FEATURE_DIRECT, the deciding record. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} pairs SEC(".maps");

/* Bit r of words[w] is rule 64 w + r; bit w of summary says that words[w] is not zero. */
struct vector {
	__u64 summary;
	__u64 words[MAX_WORDS]; /* as many as the policy needs: settings.words */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct vector));
} vectors SEC(".maps");

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ROWS);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

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

/* 0 for a map that the compiler filled wrongly: the lookups below are in bounds by construction. */
static __always_inline __u32 next_in_node(__u32 entry, __u32 byte)
{
	__u32 index = ENTRY_NODE(entry);
	struct node *node = bpf_map_lookup_elem(&nodes, &index);

	return node ? node->entries[byte & 0xff] : ENTRY_LEAF;
}

static __always_inline __u32 lookup_byte(__u32 entry, __u32 key)
{
	return next_in_node(entry, key);
}

static __always_inline __u32 lookup_short(__u32 entry, __u32 key)
{
	entry = next_in_node(entry, key >> 8);
	return entry & ENTRY_LEAF ? entry : next_in_node(entry, key);
}

static __always_inline __u32 next_in_test(__u32 entry, __u64 hi, __u64 lo)
{
	__u32 index = ENTRY_NODE(entry);
	struct test *test = bpf_map_lookup_elem(&tests, &index);

	if (!test)
		return ENTRY_LEAF;
	return (hi & test->hi_mask) == test->hi && (lo & test->lo_mask) == test->lo ? test->next : test->miss;
}

static __always_inline __u32 lookup_address(__u32 entry, __u64 hi, __u64 lo)
{
	__u32 steps = settings.steps, step;

	for (step = 0; step < steps; step++) {
		__u32 depth = ENTRY_DEPTH(entry);

		if (entry & ENTRY_LEAF)
			break;
		if (entry & ENTRY_TEST)
			entry = next_in_test(entry, hi, lo);
		else
			entry = next_in_node(entry, (depth < 8 ? hi : lo) >> (56 - 8 * (depth & 7)));
	}
	return entry;
}
