/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The recorder: writes down what leaves, so that the answer is known when it comes in (connections.h). Decides nothing: whatever
 * else is attached here goes on with the packet. How long a flow is kept may change while it runs.
 */
#define FRAME struct __sk_buff
#define WITH_CONNECTIONS 1

#include <linux/pkt_cls.h>

#include "connections.h"

#define LONGEST_HEADERS 128 /* bytes that are made readable where a packet is scattered in memory */

/* Seconds. TCP by phase, the others before and after an answer: the order of `LIVES` in src/model/connections.ts. */
struct lives {
	__u32 tcp[PHASES];
	__u32 udp, udp_answered, icmp, sctp, other;
};

volatile struct lives lives SEC(".data.lives") = {
	.tcp = {120, 60, 432000, 120, 10},
	.udp = 30,
	.udp_answered = 120,
	.icmp = 30,
	.sctp = 210,
	.other = 600,
};

/* By enum table; those behind TABLES are of user space, and no program writes them (src/kernel/recorded.ts). */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * TABLES);
	__type(key, __u32);
	__type(value, struct recorded);
} recorded SEC(".maps");

static __always_inline __u32 phase_after(__u32 flags, const struct connection *known)
{
	if (flags & TCP_RST)
		return PHASE_RESET;
	if (flags & TCP_SYN) /* where both open at once, each answers the SYN of the other, which may come again */
		return flags & TCP_ACK && !(known && known->phase == PHASE_OPENING) ? PHASE_ACCEPTING : PHASE_OPENING;
	if (flags & TCP_FIN)
		return PHASE_CLOSING;
	return known && known->phase == PHASE_CLOSING ? PHASE_CLOSING : PHASE_FLOWING;
}

static __always_inline __u32 life_of(const struct reading *r, __u32 phase, const struct connection *known)
{
	switch (r->kind) {
	case FLOW_TCP:
		return lives.tcp[phase < PHASES ? phase : 0];
	case FLOW_PORTS:
		if (r->flow.protocol == IPPROTO_SCTP)
			return lives.sctp;
		return known && known->answered ? lives.udp_answered : lives.udp;
	case FLOW_ECHO_REQUEST:
		return lives.icmp;
	default:
		return lives.other;
	}
}

/* Is this all that a stranger gets who forges its address? */
static __always_inline bool is_only_begun(const struct flow *flow, __u32 phase)
{
	if (flow->protocol == IPPROTO_UDP)
		return !is_opened(flow);
	return flow->protocol == IPPROTO_TCP && phase == PHASE_ACCEPTING;
}

/* What is begun and stays so; where this host has said more than SYN and ACK, it is forgotten here, to be written down where it stays. */
static __always_inline struct connection *still_begun(const struct flow *flow, __u64 now, __u32 phase)
{
	struct connection *found = find_begun(flow, now);
	__u32 table = TABLE_BEGUN;
	struct recorded *count;

	if (!found || phase == PHASE_ACCEPTING || phase == PHASE_RESET)
		return found;
	if (bpf_map_delete_elem(&begun, flow))
		return 0;
	count = bpf_map_lookup_elem(&recorded, &table);
	if (count)
		count->moved++;
	return 0;
}

/* Of flows that a table did not have. One that was over is written anew in its place, and is no more than before. */
static __always_inline void remember(void *map, __u32 table, const struct flow *flow, const struct connection *fresh)
{
	struct recorded *count;

	if (bpf_map_update_elem(map, flow, fresh, BPF_NOEXIST)) {
		bpf_map_update_elem(map, flow, fresh, BPF_ANY);
		return;
	}
	count = bpf_map_lookup_elem(&recorded, &table);
	if (!count)
		return;
	count->flows++;
	if (flow->protocol == IPPROTO_TCP && (fresh->phase == PHASE_FLOWING || fresh->phase == PHASE_CLOSING))
		count->revived++;
}

/* A connection that was lost is found again by whatever leaves in it, but for its end. */
static __always_inline void record(const struct reading *r)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct connection *known = find_connection(&r->flow, now);
	__u32 phase = r->kind == FLOW_TCP ? phase_after(r->tcp_flags, known) : PHASE_FLOWING;
	__u32 life = life_of(r, phase, known);
	struct connection fresh = {
		.seen = now,
		.life = life,
		.phase = phase,
		.accepted_minutes = phase == PHASE_ACCEPTING ? (lives.tcp[PHASE_FLOWING] + 59) / 60 : 0,
	};

	if (!known && r->kind == FLOW_TCP)
		known = still_begun(&r->flow, now, phase);
	if (known) {
		if (known->phase != phase)
			known->phase = phase;
		if (known->life != life)
			known->life = life;
		refresh(known, now);
		return;
	}
	if (phase == PHASE_RESET)
		return;
	if (is_only_begun(&r->flow, phase))
		remember(&begun, TABLE_BEGUN, &r->flow, &fresh);
	else if (is_opened(&r->flow))
		remember(&opened, TABLE_OPENED, &r->flow, &fresh);
	else
		remember(&served, TABLE_SERVED, &r->flow, &fresh);
}

static __always_inline void make_readable(struct __sk_buff *skb)
{
	if (skb->data_end - skb->data < LONGEST_HEADERS && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < LONGEST_HEADERS ? skb->len : LONGEST_HEADERS);
}

/* `at`: the byte at which the IP header begins. */
static __always_inline int record_packet(struct __sk_buff *skb, __u32 at)
{
	struct reading r = {.at = at, .direction = OUTGOING};
	__u32 kind;

	if (at == NOT_IP)
		return TC_ACT_UNSPEC;
	kind = read_flow(skb, &r);
	if (kind == FLOW_TCP || kind == FLOW_PORTS || kind == FLOW_ECHO_REQUEST || kind == FLOW_ADDRESSES)
		record(&r);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	make_readable(skb);
	return record_packet(skb, find_ip(skb));
}

/* Of an interface without an Ethernet header. */
SEC("tc")
int egress_ip(struct __sk_buff *skb)
{
	make_readable(skb);
	return record_packet(skb, 0);
}

char _license[] SEC("license") = "Dual MIT/GPL";
