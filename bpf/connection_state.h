/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What an incoming packet is to the connections of this host. The same decisions, in the same words: src/policy/connections/. */
#pragma once

#include "act.h"
#include "connections.h"
#include "conntrack.h"

#define REASSEMBLY 30 /* seconds that Linux waits for the rest of a datagram: ipfrag_time, ip6frag_time */

/* A datagram whose first fragment was let in. */
struct datagram {
	__u64 seen; /* ns of the coarse clock: its first fragment */
	__u32 state; /* of that: enum connection_state */
	__u32 unused;
};

/* Of the host, like the tables of connections. Only what is of a known flow comes into it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow);
	__type(value, struct datagram);
} fragments SEC(".maps");

/*
 * Connections that nobody has recorded are in their middle when tables are made that know nothing: for a short time a packet of one
 * counts as an answer. User space sets the end once, and nothing that comes in moves it.
 */
struct grace {
	__u64 until; /* ns of the monotonic clock; 0: there is no such time */
	__u64 packets; /* that came in by it */
};

/* Of the host, like the tables of connections. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct grace);
} grace SEC(".maps");

/* `key`: a state plus PRESENT, or 0 for what is not IP and so has no state. */
static __always_inline __u32 connection_leaf(__u32 key)
{
	return entry_at(number(NUMBER_ROOT + FIELD_CONNECTION) + key * 4ULL);
}

/* Does a packet that opens a connection carry these flags? */
static __always_inline bool opens(__u32 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* Flags that a packet of a connection can have: anything else is a scan. Those of conntrack (tcp_valid_flags). */
static __always_inline bool is_sound(__u32 flags)
{
	switch (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN | TCP_URG)) {
	case TCP_SYN:
	case TCP_SYN | TCP_URG:
	case TCP_SYN | TCP_ACK:
	case TCP_ACK:
	case TCP_ACK | TCP_URG:
	case TCP_FIN | TCP_ACK:
	case TCP_FIN | TCP_ACK | TCP_URG:
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

/* A SYN is new, as it is in a flow that is known: a flood of them is not worth a question. */
static __always_inline bool may_be_tracked(const struct reading *r)
{
	return r->kind == FLOW_PORTS || (r->kind == FLOW_TCP && is_sound(r->tcp_flags) && !opens(r->tcp_flags));
}

/* Only of TCP in its middle: who asks by UDP asks again, and a connection that begins does so by what this host records. */
static __always_inline bool may_have_grace(const struct reading *r)
{
	return r->kind == FLOW_TCP && (r->tcp_flags & (TCP_ACK | TCP_SYN)) == TCP_ACK && is_sound(r->tcp_flags);
}

static __always_inline bool has_grace(__u64 now)
{
	__u32 only = 0;
	struct grace *found = bpf_map_lookup_elem(&grace, &only);

	if (!found || found->until <= now)
		return false;
	__sync_fetch_and_add(&found->packets, 1);
	return true;
}

/* Of a packet of a flow that is in no table. To a question the grace is over: what is proven is to hold without it. */
static __always_inline __u32 state_beyond_tables(struct xdp_md *ctx, struct reading *r, __u64 now)
{
	if (WITH_CONNTRACK && may_be_tracked(r) && is_tracked(ctx, &r->flow))
		return CONNECTION_ESTABLISHED;
	if (may_have_grace(r) && !is_question(ctx) && has_grace(now))
		return CONNECTION_ESTABLISHED;
	return state_of_stranger(r);
}

/* A SYN is new in a flow that is only begun, as it is in none: a flood of them looks there in vain. */
static __always_inline struct connection *find_incoming(const struct reading *r, __u64 now)
{
	struct connection *found = find_connection(&r->flow, now);

	if (found || r->kind != FLOW_TCP || opens(r->tcp_flags))
		return found;
	return find_begun(&r->flow, now);
}

/* Does the other end answer SYN and ACK? Should this be forged, this host sends a RST, which ends it. */
static __always_inline bool is_accepted(const struct reading *r, const struct connection *connection)
{
	return r->kind == FLOW_TCP && connection->phase == PHASE_ACCEPTING && connection->accepted_minutes &&
	       connection->life != connection->accepted_minutes * 60 && (r->tcp_flags & (TCP_ACK | TCP_RST)) == TCP_ACK;
}

static __always_inline bool is_local(const struct flow *flow, const __be32 *address)
{
	return flow->local[0] == address[0] && flow->local[1] == address[1] && flow->local[2] == address[2] &&
	       flow->local[3] == address[3];
}

/*
 * An error is about a packet that this host has sent, which it quotes behind eight bytes, and goes to whoever sent that. What is
 * quoted is read in place of the error: Linux 6.1 counts the stack of all functions, and has no room for both.
 */
static __always_inline __u32 state_of_error(struct xdp_md *ctx, struct reading *r, __u64 now)
{
	__be32 to[4];
	__u32 kind;

	__builtin_memcpy(to, r->flow.local, sizeof(to));
	__builtin_memset(&r->flow, 0, sizeof(r->flow));
	r->at += 8;
	r->direction = OUTGOING;
	kind = read_flow(ctx, r);
	if (kind == FLOW_NONE || kind == FLOW_ERROR || kind == FLOW_LATER_FRAGMENT)
		return CONNECTION_INVALID;
	if (!is_local(&r->flow, to))
		return CONNECTION_INVALID;
	if (WITH_CONNTRACK && is_tracked(ctx, &r->flow))
		return CONNECTION_RELATED;
	return find_incoming(r, now) ? CONNECTION_RELATED : CONNECTION_INVALID;
}

/* A later fragment is what the first one was. One that overtakes it is invalid. */
static __always_inline __u32 state_of_rest(struct reading *r, __u64 now)
{
	struct datagram *found;

	name_datagram(r);
	found = bpf_map_lookup_elem(&fragments, &r->flow);
	return found && now - found->seen <= REASSEMBLY * SECOND_NS ? found->state : CONNECTION_INVALID;
}

/* Can a packet of this kind be an answer? */
static __always_inline bool may_answer(__u32 kind)
{
	return kind == FLOW_TCP || kind == FLOW_PORTS || kind == FLOW_ECHO_REPLY || kind == FLOW_ADDRESSES;
}

static __always_inline __u32 start_of_ip(struct xdp_md *ctx)
{
	return enabled(KEY_NO_ETHERNET) && !is_question(ctx) ? 0 : find_ip(ctx);
}

/*
 * What an incoming packet is to the connections of this host; CONNECTION_UNASKED where it is not IP. A question refreshes
 * nothing. Not inlined, because it is called from two places.
 */
static __noinline __u32 connection_of(struct xdp_md *ctx)
{
	struct reading r = {.at = start_of_ip(ctx), .direction = INCOMING};
	struct question *question = question_of(ctx);
	__u64 now = bpf_ktime_get_coarse_ns();
	struct connection *found;
	__u32 kind, state;

	anchor();
	if (r.at == NOT_IP)
		return CONNECTION_UNASKED;
	if (question && QUESTION_CONNECTION(question->record))
		return QUESTION_CONNECTION(question->record);
	kind = read_flow(ctx, &r);
	if (kind == FLOW_ERROR)
		return state_of_error(ctx, &r, now);
	if (kind == FLOW_LATER_FRAGMENT)
		return state_of_rest(&r, now);
	found = may_answer(kind) ? find_incoming(&r, now) : 0;
	if (!found)
		return state_beyond_tables(ctx, &r, now);
	state = state_of_member(&r, found);
	if (state == CONNECTION_ESTABLISHED && !question) {
		refresh(found, now);
		if (!found->answered)
			found->answered = 1;
		if (is_accepted(&r, found))
			found->life = found->accepted_minutes * 60;
	}
	return state;
}

/* Notes that the rest of a datagram may come in, of which this frame is the first fragment. */
static __noinline void expect_rest(struct xdp_md *ctx, __u32 state)
{
	struct datagram datagram = {.seen = bpf_ktime_get_coarse_ns(), .state = state};
	struct reading r = {.direction = INCOMING};

	anchor();
	r.at = start_of_ip(ctx);
	if (r.at == NOT_IP)
		return;
	read_flow(ctx, &r);
	name_datagram(&r);
	bpf_map_update_elem(&fragments, &r.flow, &datagram, BPF_ANY);
}

static __always_inline bool is_first_fragment(const struct packet *p)
{
	__u32 fragment = (p->base & ~0xffU) - (FRAGMENT_FIRST << 8);

	return fragment == BASE_IPV4 || fragment == BASE_IPV6;
}

static __always_inline bool lets_in(__u32 decision)
{
#if WITH_ACTIONS
	if (DECISION_VERDICT(decision) == SAYS_REJECT)
		return false;
#endif
	return DECISION_VERDICT(decision) != XDP_DROP;
}

/*
 * `decision`: that of a packet whose connection was asked. Of strangers nothing is noted: who cannot forge an answer cannot push
 * others out of the table.
 */
static __always_inline void let_rest_in(struct xdp_md *ctx, const struct packet *p, __u32 state, __u32 decision)
{
	if (!is_first_fragment(p) || (state != CONNECTION_ESTABLISHED && state != CONNECTION_RELATED))
		return;
	if (decision & DECISION_CONNECTION && lets_in(decision) && !is_question(ctx))
		expect_rest(ctx, state);
}

/*
 * What is added to the sum of the first group once the connection is known: the leaf of its state in place of that of "nobody has
 * asked", with which every rule that asks about the connection may match.
 */
static __always_inline __u32 informed_by(__u32 state)
{
	return connection_leaf(state ? state + PRESENT : 0) - connection_leaf(CONNECTION_UNASKED + PRESENT);
}
