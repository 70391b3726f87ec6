/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The connections of a host: three tables, filled by what leaves (egress.bpf.c), asked by what comes in, and only where a rule with
 * `connection` is reached. A flow is found in the form in which its packets come in. Strangers who forge their address can make
 * this host answer from the ports that it serves, as often as they like, and so push others out of a table: what may be such an
 * answer (SYN and ACK, UDP of served ports) is in `begun`, and of TCP only until this host says more. In `opened` are flows of
 * ports from which this host opens them itself; in `served` all others. The same decisions, in the same words:
 * src/policy/connections/, where nothing is forgotten before its time, and so one table is enough.
 */
#pragma once

#include "flow.h"

#define OPENED_FROM 32768 /* local ports: those that Linux takes by itself lie above (ip_local_port_range) */
#define SECOND_NS 1000000000ULL

/* In the order of CONNECTION_STATES in src/model/policy.ts. 0: nobody has asked yet. */
enum connection_state { CONNECTION_UNASKED, CONNECTION_NEW, CONNECTION_ESTABLISHED, CONNECTION_RELATED, CONNECTION_INVALID };

/* What this host has sent last that matters, in TCP; FLOWING for all other protocols. */
enum phase { PHASE_OPENING, PHASE_ACCEPTING, PHASE_FLOWING, PHASE_CLOSING, PHASE_RESET };

#define PHASES 5

struct connection {
	__u64 seen; /* ns of the coarse clock: the last packet, to a second */
	__u32 life; /* seconds that it is kept behind that */
	__u8 phase; /* enum phase */
	__u8 answered;
	__u16 accepted_minutes; /* of TCP that has begun with SYN and ACK: for how long it is kept once these are answered; else 0 */
};

/*
 * How many flows have been written into a table that did not have them. What is no longer there, was not moved, and was not removed by an
 * operator, has made room for others, which an LRU map does not tell.
 */
struct recorded {
	__u64 flows;
	__u64 revived; /* TCP that was in its middle, and not known */
	__u64 moved; /* from here to the table in which it stays */
};

enum table { TABLE_OPENED, TABLE_SERVED, TABLE_BEGUN, TABLES };

#define CONNECTION_TABLE(table, entries)                \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);    \
		__uint(max_entries, entries);           \
		__type(key, struct flow);               \
		__type(value, struct connection);       \
	} table SEC(".maps")

CONNECTION_TABLE(opened, 131072);
CONNECTION_TABLE(served, 131072);
CONNECTION_TABLE(begun, 65536);

static __always_inline bool is_opened(const struct flow *flow)
{
	return flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6 ||
	       bpf_ntohs(flow->local_port) >= OPENED_FROM;
}

/* What was found, unless it is over. */
static __always_inline struct connection *unless_over(struct connection *found, __u64 now)
{
	return found && now - found->seen <= found->life * SECOND_NS ? found : 0;
}

static __always_inline struct connection *find_begun(const struct flow *flow, __u64 now)
{
	return unless_over(bpf_map_lookup_elem(&begun, flow), now);
}

/* One that is not over, in the table in which it stays; 0 when there is none. */
static __always_inline struct connection *find_connection(const struct flow *flow, __u64 now)
{
	if (is_opened(flow))
		return unless_over(bpf_map_lookup_elem(&opened, flow), now);
	if (flow->protocol == IPPROTO_UDP)
		return find_begun(flow, now);
	return unless_over(bpf_map_lookup_elem(&served, flow), now);
}

/* To a second: a cache line that all processors read is not written with every packet. */
static __always_inline void refresh(struct connection *connection, __u64 now)
{
	if (now - connection->seen > SECOND_NS)
		connection->seen = now;
}
