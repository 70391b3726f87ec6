/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The connections of a host: two tables, filled by what leaves (egress.bpf.c), asked by what comes in, and only where a rule with
 * `connection` is reached. A flow is found in the form in which its packets come in. Its local port says in which table it is:
 * strangers can make this host answer from the ports that it serves, as often as they like, and so push others out of `served`;
 * flows that this host opens itself, from ports above, are in `opened`, which strangers cannot fill. The same decisions, in the
 * same words: src/policy/connections/.
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
	__u16 unused;
};

#define CONNECTION_TABLE(table)                         \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);    \
		__uint(max_entries, 131072);            \
		__type(key, struct flow);               \
		__type(value, struct connection);       \
	} table SEC(".maps")

CONNECTION_TABLE(opened);
CONNECTION_TABLE(served);

static __always_inline bool is_opened(const struct flow *flow)
{
	return flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6 ||
	       bpf_ntohs(flow->local_port) >= OPENED_FROM;
}

/* One that is not over; 0 when there is none. */
static __always_inline struct connection *find_connection(const struct flow *flow, __u64 now)
{
	struct connection *found =
		is_opened(flow) ? bpf_map_lookup_elem(&opened, flow) : bpf_map_lookup_elem(&served, flow);

	return found && now - found->seen <= found->life * SECOND_NS ? found : 0;
}

/* To a second: a cache line that all processors read is not written with every packet. */
static __always_inline void refresh(struct connection *connection, __u64 now)
{
	if (now - connection->seen > SECOND_NS)
		connection->seen = now;
}
