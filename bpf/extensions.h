/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The chain of IPv6 extension headers, from the first one to the transport header. Of a frame that comes in, or that leaves. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The context of the program: both kinds have `data` and `data_end`. */
#ifndef FRAME
#define FRAME struct xdp_md
#endif

#define EXTENSIONS 8

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

/* State of the walk along extension headers: the cursor as offsets in bytes, and the protocol of the header there. */
struct walk {
	__u16 at, left;
	__u8 protocol, fragment;
#if WITH_CONNECTIONS || WITH_ACTIONS
	__be32 id; /* of a fragment */
#endif
};

struct extension {
	__u8 next, length;
};

struct fragment_header {
	__u8 next, reserved;
	__be16 offset;
	__be32 id;
};

/* Length in bytes of an extension header (RFC 8200, RFC 4302); that of a fragment header is fixed. */
static __always_inline __u32 extension_bytes(__u32 protocol, const struct extension *e)
{
	if (protocol == IPPROTO_FRAGMENT)
		return 8;
	return protocol == IPPROTO_AH ? (e->length + 2) * 4 : (e->length + 1) * 8;
}

static __always_inline bool is_extension(__u32 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

#define MAX_HEADERS 0x7fff /* for the verifier: no chain of headers is longer, so that the mask changes nothing */
#define FORGET(x) (*(volatile typeof(x) *)&(x))

/*
 * Moves w->at and w->left to the transport header; they are undefined when the packet is a later fragment. A global function and
 * FORGET keep the verifier's state small: with what it knows of each header it would have to follow too many combinations.
 */
__noinline int walk_extensions(FRAME *ctx, struct walk *w)
{
	int walked;

	if (!w)
		return false;
	for (walked = 0; walked < EXTENSIONS; walked++) {
		__u32 at = FORGET(w->at) & MAX_HEADERS, left = FORGET(w->left), bytes, offset;
		__u32 protocol = FORGET(w->protocol);
		struct fragment_header *fragment;
		struct extension *extension;

		if (!is_extension(protocol))
			return true;
		barrier_var(at);
		extension = (void *)(long)ctx->data + at;
		fragment = (void *)extension;
		if (left < 8 || (void *)(fragment + 1) > (void *)(long)ctx->data_end)
			return false;
		bytes = extension_bytes(protocol, extension);
		if (left < bytes)
			return false;
		FORGET(w->protocol) = extension->next;
		FORGET(w->at) = at + bytes;
		FORGET(w->left) = left - bytes;
		if (protocol != IPPROTO_FRAGMENT)
			continue;
		offset = bpf_ntohs(fragment->offset);
#if WITH_CONNECTIONS || WITH_ACTIONS
		if (offset & ~6U)
			FORGET(w->id) = fragment->id;
#endif
		if (offset & ~7U) {
			w->fragment = FRAGMENT_LATER;
			return true;
		}
		if (offset & 1)
			w->fragment = FRAGMENT_FIRST;
	}
	return !is_extension(FORGET(w->protocol)); /* a ninth hides the transport: nobody may pass behind it */
}
