/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The tables that the compiler (src/policy/compile/compile.ts) makes of the rules. Their sizes are set before load.
 *
 * They are one blob, the only value of an array map, whose address is part of the program; everything in it is found by its byte
 * offset. After its end there is padding (READ_BEYOND), so that an offset that a mask bounds needs no comparison.
 *
 * An entry is 32 bits: a leaf with a value; a node of 256 entries, which one byte of the key indexes; or a test, which compares the key
 * under a mask and continues with one of two entries. An address may need several of them, a port at most two rows; a field with few
 * values is one row of leaves. Nodes and tests begin at a cache line, which leaves six bits of the entry for the shift of the key.
 */
#pragma once

#include "packet.h"
#include "settings.h"

#define MAX_WORDS 32 /* the most words of a vector; a policy has NUMBER_WORDS */

#define ENTRY_LEAF 0x80000000U
#define ENTRY_TEST 0x40000000U
#define ENTRY_LOW 0x20000000U /* a node is indexed by a byte of the lower half of the key */
#define ENTRY_SHIFT(e) ((e) & 63) /* bits to the right of that byte; two less where keys have no lower half */
#define ENTRY_OFFSET(e) ((e) & 0x1fffffc0)

/* Offset in the root node: the first byte of an address, times four. */
#define FIRST_BYTE(hi) ((hi) >> 54 & 0x3fc)

/* The loader makes the map as large as the tables. */
struct {
	char byte[64];
} tables SEC(".data.tables");

struct test {
	__u64 hi_mask, hi, lo_mask, lo;
	__u32 next, miss;
};

/* Bit r of words[w] is rule 64 w + r; bit w of summary says that words[w] is not zero. */
struct vector {
	__u64 summary;
	__u64 words[MAX_WORDS];
};

/* Records 0 to 5 are the built-in rows, in the order of enum row; rule bits follow. */
enum row { ROW_PROTECT, ROW_MALFORMED, ROW_FRAGMENTS, ROW_NON_IP, ROW_DEFAULT, ROW_BLOCKED, ROWS };

/* A decision is one word: the verdict, the index of the record, and its slot in counters. Most packets need no more of the record. */
#define DECISION_VERDICT(d) ((d) & 7)
#define DECISION_RECORD(d) ((d) >> 3 & 0x7ff)
#define DECISION_SLOT(d) ((d) >> 20)
#define DECISION_CONNECTION 0x4000 /* of a rule that asks about the connection */
#define DECISION_STATE(d) ((d) >> STATE_SHIFT & 7) /* enum connection_state: added once it was asked, never in a table */
#define STATE_SHIFT 15
#define DECISION_GOES_ON 0x40000 /* decides nothing, whatever its verdict, SAYS_*: the packet is counted and the search goes on */

/* What a row can say beside an enum xdp_action. */
#define SAYS_REJECT 5 /* dropped, and answered where that may be */
#define SAYS_COUNT 6
#define SAYS_NEXT 7 /* goes on with the first rule of the next layer */

#define RECORD_LIMIT 0x100
#define RECORD_LIMIT_SOURCE 0x200 /* with RECORD_LIMIT */
#define RECORD_UNTIL 0x400
#define RECORD_LOG 0x800
#define RECORD_CPU 0x1000 /* `target` is a CPU and not an interface */
#define RECORD_LIMIT_DESTINATION 0x2000 /* with RECORD_LIMIT */
#define RECORD_LIMIT_BYTES 0x4000 /* with RECORD_LIMIT: a token is a byte and not a packet */
#define RECORD_LIMIT_BELOW 0x8000 /* with RECORD_LIMIT: the rule applies while the bucket has a token, else while it has none */

/* Buckets of bytes need finer units than ns: time is in ticks of 1/8 ns, the cost of a byte in 1/256 of a tick. */
#define TICK_SHIFT 3
#define COST_SHIFT 8

struct record {
	__u32 flags;
	__u32 target; /* ifindex or CPU; with SAYS_NEXT the first bit of the next layer, with SAYS_REJECT the codes of ICMP and, from bit 8 on, of ICMPv6 */
	__u32 sample; /* logged when a random 32-bit number is at most this */
	__u32 unused;
	__u64 interval; /* time in which one token refills: ns; in buckets of bytes, ticks << COST_SHIFT */
	__u64 slack;    /* time in which all tokens but one refill: ns; in buckets of bytes, ticks */
	__u64 until;    /* ns since 1970, UTC */
	__u64 four, six_hi, six_lo; /* masks of the addresses that share a bucket, in the form of struct address */
};

struct count {
	__u64 packets, bytes; /* bytes of the frame as the driver hands it over */
};

/* Belongs to the interface and outlives instances. The loader assigns slots to the names of rows. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct count);
} counters SEC(".maps");

/* The blob from byte `offset` on, which must be inside. */
static __always_inline void *blob_at(__u64 offset)
{
	void *start = &tables;

	barrier_var(start); /* or clang believes the size above */
	return start + offset;
}

static __always_inline __u32 entry_at(__u64 offset)
{
	return is_inside(offset, BOUND_ENTRY) ? *(__u32 *)blob_at(offset) : ENTRY_LEAF;
}

/* An entry of the row at `row`. A mask of the caller keeps `index`, in bytes, within READ_BEYOND after the end of the blob. */
static __always_inline __u32 entry_in(__u32 row, __u32 index)
{
	return *(__u32 *)blob_at(row + (__u64)index);
}

/* The upper byte indexes a row of leaves or of further rows; index 0 is for packets without the field. */
static __always_inline __u32 lookup_short(__u32 row, __u32 key)
{
	__u32 entry = entry_in(row, key >> 6 & 0x7fc);

	return entry & ENTRY_LEAF ? entry : entry_at(entry + (key << 2 & 0x3fc));
}

static __always_inline __u32 next_in_test(__u32 entry, __u64 hi, __u64 lo, bool wide)
{
	__u64 offset = ENTRY_OFFSET(entry);
	struct test *test = blob_at(offset);

	if (!is_inside(offset, BOUND_TEST))
		return ENTRY_LEAF;
	return (hi & test->hi_mask) == test->hi && (!wide || (lo & test->lo_mask) == test->lo) ? test->next : test->miss;
}

static __always_inline __u32 next_in_node(__u32 entry, __u64 hi, __u64 lo, bool wide)
{
	__u32 byte;

	if (wide)
		byte = ((entry & ENTRY_LOW ? lo : hi) >> ENTRY_SHIFT(entry) & 0xff) * 4;
	else
		byte = hi >> ENTRY_SHIFT(entry) & 0x3fc;
	return entry_at(ENTRY_OFFSET(entry) + byte);
}

/* `wide`, a constant: the key has a lower half. */
static __always_inline __u32 lookup_address(__u32 entry, __u64 hi, __u64 lo, bool wide)
{
	__u32 steps = number(NUMBER_STEPS), step;

	for (step = 0; step < steps; step++) {
		if (entry & ENTRY_LEAF)
			break;
		if (entry & ENTRY_TEST)
			entry = next_in_test(entry, hi, lo, wide);
		else
			entry = next_in_node(entry, hi, lo, wide);
	}
	return entry;
}

static __always_inline __u64 record_offset(__u32 index)
{
	return number(NUMBER_RECORDS) + index * (__u64)sizeof(struct record);
}

/* XDP_ABORTED when the offset is outside the tables, which means that they do not belong to this program. */
static __always_inline __u32 decision_at(__u64 offset)
{
	return is_inside(offset, BOUND_ENTRY) ? *(__u32 *)blob_at(offset) : XDP_ABORTED;
}

static __always_inline __u32 decision_of(__u32 record)
{
	return decision_at(number(NUMBER_DECISIONS) + record * 4ULL);
}
