/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sampled packets: those of rules with `log`, one in so many by chance, and malformed ones, so many a second at most. One
 * record for each, in one ring buffer that all interfaces of a host share; the reader's half of the layout is
 * src/kernel/samples.ts. A full buffer loses the sample, which is counted, and never the packet.
 */
#pragma once

#include "tables.h"

#define SAMPLE_BYTES 128 /* of the frame: enough for two tags, IPv6 and a few extension headers */
#define MALFORMED_INTERVAL 10000000 /* ns, on each CPU: a flood of broken packets is not worth more */

#define KEPT_SAMPLED 0
#define KEPT_WATCHED 1

struct sample {
	__u64 time;    /* ns since 1970, UTC */
	__u32 ifindex; /* where the packet came in */
	__u32 slot;    /* in counters of that interface: which rule, whatever instance it was */
	__u32 verdict; /* enum xdp_action, as the rule says */
	__u32 fate;    /* what became of it: audit mode lets it pass */
	__u32 length;  /* of the frame */
	__u16 kept;    /* bytes of `frame` that are set */
	__u16 why;     /* KEPT_* */
	__u8 frame[SAMPLE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} samples SEC(".maps");

struct sampling {
	__u64 lost; /* samples that the buffer had no room for */
	__u64 next; /* ns of the coarse clock: no malformed packet is sampled before */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sampling);
} sampling SEC(".maps");

/* Not inlined: few packets come here, and the others are better off without it. Nobody is woken: readers come by. */
static __noinline int keep_sample(struct xdp_md *ctx, __u32 decision, __u32 why)
{
	__u32 length = ctx->data_end - ctx->data, kept = length < SAMPLE_BYTES ? length : SAMPLE_BYTES, zero = 0;
	struct sample *sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	struct sampling *state;

	if (!sample) {
		state = bpf_map_lookup_elem(&sampling, &zero);
		if (state)
			state->lost++;
		return 0;
	}
	sample->time = bpf_ktime_get_tai_ns() - number(NUMBER_TAI_OFFSET) * 1000000000ULL;
	sample->ifindex = ctx->ingress_ifindex;
	sample->slot = DECISION_SLOT(decision);
	sample->verdict = DECISION_VERDICT(decision);
	sample->fate = enabled(KEY_AUDIT) ? XDP_PASS : DECISION_VERDICT(decision);
	sample->length = length;
	sample->kept = kept;
	sample->why = why;
	barrier_var(kept); /* or the bound is proven of another register */
	if (kept == 0 || kept > SAMPLE_BYTES || bpf_xdp_load_bytes(ctx, 0, sample->frame, kept) != 0)
		sample->kept = 0;
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	return 0;
}

static __noinline int keep_malformed(struct xdp_md *ctx, __u32 decision)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 zero = 0;
	struct sampling *state = bpf_map_lookup_elem(&sampling, &zero);

	if (!state || now < state->next)
		return 0;
	state->next = now + MALFORMED_INTERVAL;
	return keep_sample(ctx, decision, KEPT_SAMPLED);
}
