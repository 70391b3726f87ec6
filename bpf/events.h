/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sampled packets: a random one in N of rules with `log`, and malformed ones, at a limited rate. Each is a record in one ring buffer
 * that all interfaces of a host share; src/kernel/samples.ts reads it. When the buffer is full the sample is lost and counted; the
 * packet is decided as before.
 */
#pragma once

#include "tables.h"

#define SAMPLE_BYTES 128 /* of the frame: enough for two tags, IPv6 and a few extension headers */
#define MALFORMED_INTERVAL 10000000 /* ns, on each CPU: a flood of broken packets is not worth more */

/* Audit mode belongs to the policy: it does not pass what an operator has blocked. The same rule: src/policy/row-verdict.ts. */
static __always_inline bool is_audited(__u32 decision)
{
	return enabled(KEY_AUDIT) && DECISION_RECORD(decision) != ROW_BLOCKED;
}

/* What becomes of the packet, as far as this row decides that. */
static __always_inline __u32 fate_of(__u32 decision)
{
#if WITH_ACTIONS
	if (decision & DECISION_GOES_ON)
		return DECISION_VERDICT(decision);
#endif
	return is_audited(decision) ? XDP_PASS : DECISION_VERDICT(decision);
}

#define KEPT_SAMPLED 0
#define KEPT_WATCHED 1

struct sample {
	__u64 time;    /* ns of the monotonic clock */
	__u32 ifindex; /* where the packet came in */
	__u32 slot;    /* in the counters of that interface: identifies the rule for every instance */
	__u32 verdict; /* enum xdp_action of the row, or SAYS_* */
	__u32 fate;    /* the same of what became of the packet: in audit mode XDP_PASS */
	__u32 length;  /* of the frame */
	__u16 kept;    /* bytes of `frame` that are set */
	__u16 why;     /* KEPT_*, and from bit 8 on what a rule was told that the packet is: enum connection_state */
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

/* By hand: bpf_xdp_load_bytes() is as young as Linux 5.18. Returns the bytes that were copied. */
static __always_inline __u32 copy_frame(struct xdp_md *ctx, __u8 *to)
{
	const __u8 *from = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 at;

	for (at = 0; at < SAMPLE_BYTES; at++) {
		barrier_var(from); /* one comparison for each byte is what the verifier follows */
		if (from + 1 > end)
			break;
		to[at] = *from;
		from++;
	}
	return at;
}

/* Not inlined: few packets come here, and inlined code would slow the others. Readers are not notified: they poll. */
__noinline int keep_sample(struct xdp_md *ctx, __u32 decision, __u32 why)
{
	__u32 zero = anchor();
	struct sample *sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	struct sampling *state;

	if (!sample) {
		state = bpf_map_lookup_elem(&sampling, &zero);
		if (state)
			state->lost++;
		return 0;
	}
	sample->time = bpf_ktime_get_ns();
	sample->ifindex = ctx->ingress_ifindex;
	sample->slot = DECISION_SLOT(decision);
	sample->verdict = DECISION_VERDICT(decision);
	sample->fate = fate_of(decision);
	sample->length = frame_bytes(ctx);
#if WITH_CONNECTIONS
	why |= DECISION_STATE(decision) << 8;
#endif
	sample->why = why;
	sample->kept = copy_frame(ctx, sample->frame);
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
