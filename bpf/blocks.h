/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Blocks: sources that an operator drops for a time, besides the policy. Each interface has one map, which all its instances share;
 * instances from before the first block have no lookup. An entry has the latest end of all networks that contain it
 * (src/policy/compile/block-table.ts), so that one longest-prefix match is enough.
 */
#pragma once

#include "tables.h"

#define BLOCKS 65536 /* src/model/blocks.ts says the same; a power of two */

/* The prefix length counts the family, so that an IPv4 network never holds an IPv6 address. */
#define BLOCK_BITS(address_bits) (32 + (address_bits))

struct block_key {
	__u32 length; /* prefix length: number of significant bits after this field */
	__u32 family;
	__be64 hi, lo;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, BLOCKS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct block_key);
	__type(value, __u64); /* end: ns since boot, time in suspend included; the low bits are its index in `hits` */
} blocks SEC(".maps");

/*
 * What each block has dropped, by index. Not in the trie, whose entries are replaced when an end changes; not per CPU, which
 * would take a megabyte for each CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BLOCKS);
	__type(key, __u32);
	__type(value, struct count);
} hits SEC(".maps");

#define NOT_BLOCKED BLOCKS

/* Index in `hits` of the block that contains the source, or NOT_BLOCKED. */
static __always_inline __u32 find_block(const struct packet *p)
{
	__u32 family = family_of(p);
	struct block_key key = {
		.length = family == 1 ? BLOCK_BITS(32) : BLOCK_BITS(128),
		.family = family,
		.hi = bpf_cpu_to_be64(p->source.hi),
		.lo = bpf_cpu_to_be64(p->source.lo),
	};
	__u64 *until = bpf_map_lookup_elem(&blocks, &key);

	return until && bpf_ktime_get_boot_ns() < *until ? *until & (BLOCKS - 1) : NOT_BLOCKED;
}

/* Atomic, since a flood arrives on several CPUs at once. */
static __always_inline void count_hit(struct xdp_md *ctx, __u32 number)
{
	struct count *hit = bpf_map_lookup_elem(&hits, &number);

	if (!hit)
		return;
	__sync_fetch_and_add(&hit->packets, 1);
	__sync_fetch_and_add(&hit->bytes, ctx->data_end - ctx->data);
}
