/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Carries a decision out: counts the packet, samples it, returns the verdict. */
#pragma once

#include "events.h"
#include "question.h"
#include "tables.h"
#include "tap.h"

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static __always_inline void count(struct xdp_md *ctx, __u32 slot)
{
	struct count *count = bpf_map_lookup_elem(&counters, &slot);

	if (!count)
		return;
	count->packets++;
	count->bytes += frame_bytes(ctx);
}

/* For XDP_TX: the frame goes back to its sender. */
static __always_inline void swap_addresses(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct ethhdr old;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return;
	__builtin_memcpy(&old, eth, sizeof(old));
	__builtin_memcpy(eth->h_dest, old.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, old.h_dest, ETH_ALEN);
}

static __always_inline int redirect(const struct record *record)
{
	if (enabled(KEY_CPU) && record->flags & RECORD_CPU)
		return bpf_redirect_map(&cpus, record->target, XDP_PASS); /* the flags: if there is no such CPU, the packet passes on this one */
	return enabled(KEY_INTERFACE) ? bpf_redirect(record->target, 0) : XDP_ABORTED;
}

static __always_inline void log_packet(struct xdp_md *ctx, __u32 decision, const struct record *record)
{
	if (enabled(KEY_LOG) && record->flags & RECORD_LOG && bpf_get_prandom_u32() <= record->sample && !is_question(ctx))
		keep_sample(ctx, decision, KEPT_SAMPLED);
}

#if WITH_ACTIONS
#include "reject.h"
#endif

/* `base`: that of struct packet. */
static __always_inline int act_specially(struct xdp_md *ctx, __u32 decision, __u32 base)
{
	__u64 offset = record_offset(DECISION_RECORD(decision));
	__u32 verdict = DECISION_VERDICT(decision);
	struct record *record = blob_at(offset);

	if (!is_inside(offset, BOUND_RECORD))
		return XDP_ABORTED;
	log_packet(ctx, decision, record);
	if (is_audited(decision))
		return XDP_PASS;
#if WITH_ACTIONS
	if (enabled(KEY_REJECT) && verdict == SAYS_REJECT)
		return is_question(ctx) ? SAYS_REJECT : reject(ctx, record->target, base);
#else
	(void)base;
#endif
	if (enabled(KEY_TX) && verdict == XDP_TX)
		swap_addresses(ctx);
	return verdict == XDP_REDIRECT ? redirect(record) : verdict;
}

static __always_inline void note(struct xdp_md *ctx, __u32 decision)
{
	count(ctx, DECISION_SLOT(decision));
	if (is_watched())
		watch(ctx, decision);
}

static __always_inline int act(struct xdp_md *ctx, __u32 decision, __u32 base)
{
	struct question *question = question_of(ctx);

	if (question)
		question->record = DECISION_RECORD(decision);
	else
		note(ctx, decision);
	return enabled(KEY_SPECIAL) ? act_specially(ctx, decision, base) : DECISION_VERDICT(decision);
}
