/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The protocol of questions: a test run that asks which record decides. The other end is src/kernel/ask-policy.ts. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>

/*
 * A question has eight bytes of metadata in front of the frame: this number, and four bytes into which the program writes the index
 * of the record. No driver passes such metadata. A question changes nothing: it is not counted or sampled and takes nothing from a
 * bucket. Before, the four bytes say what is asked: the program looks up blocks only if they hold QUESTION_WITH_BLOCKS, and in
 * programs that ask about connections bits 8 to 10 may hold a state to suppose. The frame has an Ethernet header, on every kind of
 * interface.
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

/* Blocks are looked up for every packet, and for a question only if it asks for that. */
static __always_inline bool asks_blocks(struct xdp_md *ctx)
{
	struct question *question = question_of(ctx);

#if WITH_CONNECTIONS
	return !question || question->record & QUESTION_WITH_BLOCKS;
#else
	return !question || question->record == QUESTION_WITH_BLOCKS; /* the machine code of policies that do not ask stays what it was */
#endif
}
