/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a test run asks, and where it finds the answer. The other half is src/kernel/ask-policy.ts. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>

/*
 * A test run asks which record decides: it brings eight bytes of metadata in front of the frame, the first four
 * of them this number, and finds the index of the record in the last four. No driver does that. A question is
 * answered and leaves no trace: nothing is counted, logged or taken from a bucket. It is about the policy alone, unless
 * the last four bytes say before that blocks are meant as well. The frame has an Ethernet header on every interface.
 */
#define QUESTION 0x78646b70 /* "xdkp" */
#define QUESTION_WITH_BLOCKS 1
#define QUESTION_CONNECTION(record) ((record) >> 8 & 7) /* the state to suppose, enum connection_state; 0: as the tables say */

struct question {
	__u32 magic;
	__u32 record;
};

static __always_inline struct question *question_of(struct xdp_md *ctx)
{
	struct question *question = (void *)(long)ctx->data_meta;
	void *data = (void *)(long)ctx->data;

	barrier_var(data); /* or clang compares half of the pointer, which the verifier does not take */
	if ((void *)(question + 1) > data || question->magic != QUESTION)
		return 0;
	return question;
}

static __always_inline bool is_question(struct xdp_md *ctx)
{
	return question_of(ctx) != 0;
}

/* Packets are held against what is blocked, questions only where that is asked. */
static __always_inline bool asks_blocks(struct xdp_md *ctx)
{
	struct question *question = question_of(ctx);

#if WITH_CONNECTIONS
	return !question || question->record & QUESTION_WITH_BLOCKS;
#else
	return !question || question->record == QUESTION_WITH_BLOCKS; /* the machine code of policies that do not ask stays what it was */
#endif
}
