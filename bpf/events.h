/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Sampled packets of rules with `log`. One record for each; the reader's half of the layout is model/event.ts. */
#pragma once

#include "tables.h"

#define EVENT_BYTES 128 /* of the frame: enough for two tags, IPv6 and a few extension headers */

struct event {
	__u64 time;    /* ns since 1970, UTC */
	__u32 ifindex; /* where the packet came in */
	__u32 record;  /* index in records: which rule */
	__u32 verdict; /* enum xdp_action, as the rule says; audit mode passes it nevertheless */
	__u32 length;  /* of the frame */
	__u32 kept;    /* bytes of `frame` that are set */
	__u32 unused;
	__u8 frame[EVENT_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144);
} events SEC(".maps");

/* A full buffer loses the event, never the packet. */
static __always_inline void sample(struct xdp_md *ctx, const struct record *record, __u32 decision)
{
	__u32 length = ctx->data_end - ctx->data, kept = length < EVENT_BYTES ? length : EVENT_BYTES;
	struct event *event;

	if (bpf_get_prandom_u32() > record->sample)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;
	event->time = bpf_ktime_get_tai_ns() - number(NUMBER_TAI_OFFSET) * 1000000000ULL;
	event->ifindex = ctx->ingress_ifindex;
	event->record = DECISION_RECORD(decision);
	event->verdict = DECISION_VERDICT(decision);
	event->length = length;
	event->kept = kept;
	event->unused = 0;
	barrier_var(kept); /* or the bound is proven of another register */
	if (kept == 0 || kept > EVENT_BYTES || bpf_xdp_load_bytes(ctx, 0, event->frame, kept) != 0)
		event->kept = 0;
	bpf_ringbuf_submit(event, 0);
}
