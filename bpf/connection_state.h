/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What an incoming packet is to the connections of this host. The same decisions, in the same words: src/policy/connections/. */
#pragma once

#include "connections.h"

/* Does a packet that opens a connection carry these flags? */
static __always_inline bool opens(__u32 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* Flags that a packet of a connection can have: anything else is a scan. */
static __always_inline bool is_sound(__u32 flags)
{
	switch (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) {
	case TCP_SYN:
	case TCP_SYN | TCP_ACK:
	case TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
		return true;
	default:
		return false;
	}
}

/* Of a packet of no connection that is known. */
static __always_inline __u32 state_of_stranger(const struct reading *r)
{
	switch (r->kind) {
	case FLOW_TCP:
		return opens(r->tcp_flags) ? CONNECTION_NEW : CONNECTION_INVALID;
	case FLOW_PORTS:
	case FLOW_ECHO_REQUEST:
	case FLOW_OTHER_ICMP:
	case FLOW_ADDRESSES:
		return CONNECTION_NEW;
	default:
		return CONNECTION_INVALID;
	}
}

/* Of a packet of a connection that is known. A SYN asks for another one, unless both sides open at once. */
static __always_inline __u32 state_of_member(const struct reading *r, const struct connection *connection)
{
	if (r->kind != FLOW_TCP)
		return CONNECTION_ESTABLISHED;
	if (opens(r->tcp_flags))
		return connection->phase == PHASE_OPENING ? CONNECTION_ESTABLISHED : CONNECTION_NEW;
	return is_sound(r->tcp_flags) ? CONNECTION_ESTABLISHED : CONNECTION_INVALID;
}

/* An error is about a packet that this host has sent, which it quotes. */
static __always_inline __u32 state_of_error(const struct bytes *b, struct reading *r, __u64 now)
{
	__u32 quoted = r->at + 8;

	read_packet(b, quoted, OUTGOING, r);
	if (r->kind == FLOW_NONE || r->kind == FLOW_ERROR || r->kind == FLOW_LATER_FRAGMENT)
		return CONNECTION_INVALID;
	return find_connection(&r->flow, now) ? CONNECTION_RELATED : CONNECTION_INVALID;
}

/*
 * What an incoming packet is to the connections of this host; CONNECTION_UNASKED where it is not IP. With `peek` nothing is
 * refreshed. A function of its own: a policy that does not ask has nothing of it.
 */
static __noinline __u32 connection_of(struct xdp_md *ctx, bool peek)
{
	struct bytes b = {.data = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end};
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 at = find_ip(&b), state;
	struct connection *found;
	struct reading r;

	if (!at)
		return CONNECTION_UNASKED;
	read_packet(&b, at, INCOMING, &r);
	if (r.kind == FLOW_ERROR)
		return state_of_error(&b, &r, now);
	found = r.kind == FLOW_NONE || r.kind == FLOW_ECHO_REQUEST || r.kind == FLOW_OTHER_ICMP ||
				r.kind == FLOW_LATER_FRAGMENT ?
			0 :
			find_connection(&r.flow, now);
	if (!found)
		return state_of_stranger(&r);
	state = state_of_member(&r, found);
	if (state == CONNECTION_ESTABLISHED && !peek) {
		refresh(found, now);
		if (!found->answered)
			found->answered = 1;
	}
	return state;
}
