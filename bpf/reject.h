/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Answers a packet that is not let in, out of the interface by which it came: TCP with a reset (RFC 9293, 3.10.7.1), all else with
 * "destination unreachable" of ICMP (RFC 792) or ICMPv6 (RFC 4443). What may not be answered (RFC 1122, 3.2.2; RFC 4443, 2.4), cannot be,
 * or is above the rate is dropped. A packet comes here that the parser found whole; its headers are read once more, so that no
 * other packet pays for what an answer needs. The same decisions and bytes, for tests: test/support/answer.ts.
 */
#pragma once

#include "conditions.h"
#include "refused.h"
#include "tables.h"

/* Answers on an interface: in a second, and at once. docs/actions.md has the same numbers. */
#define ANSWER_RATE 1000
#define ANSWER_BURST 1000

#define QUOTE_WORDS 64   /* of 4 bytes: the most that an error quotes of a packet */
#define SHORTEST_FRAME 60 /* of Ethernet: what came as long is sent as long */
#define ICMPV6_UNREACHABLE 1
#define TOS_CONTROL 0xc0 /* of errors (RFC 1812, 4.3.2.5) */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* a bucket */
} answers SEC(".maps");

/* Room for one, on each CPU: that of the stack is short, and is not left while a packet is answered. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct refused);
} refusals SEC(".maps");

/* Makes the frame `bytes` long. */
static __always_inline bool resize(struct xdp_md *ctx, __u32 bytes)
{
	return !bpf_xdp_adjust_tail(ctx, (int)(bytes - frame_bytes(ctx)));
}

/* Takes a token, where there is one. */
static __always_inline bool takes_token(void)
{
	__u64 interval = SECOND / ANSWER_RATE, *full_at;
	__u32 slot = 0;

	full_at = bpf_map_lookup_elem(&answers, &slot);
	return full_at && !empties(full_at, interval, interval * (ANSWER_BURST - 1), bpf_ktime_get_coarse_ns());
}

/* A look at the bucket alone: in a flood most packets end here. */
static __always_inline bool has_token(void)
{
	__u64 now = bpf_ktime_get_coarse_ns(), *full_at;
	__u32 slot = 0;

	full_at = bpf_map_lookup_elem(&answers, &slot);
	return full_at && (__s64)(*(volatile __u64 *)full_at - now) <= (__s64)(SECOND / ANSWER_RATE * (ANSWER_BURST - 1));
}

/* Of the shortest frame, behind a reset in IPv4: six bytes, two with a tag. */
static __always_inline void clear_padding(struct xdp_md *ctx, __u32 at)
{
	__be32 *four = bytes_at(ctx, at, sizeof(*four));
	__be16 *two;

	if (four)
		*four = 0;
	two = bytes_at(ctx, four ? at + 4 : at, sizeof(*two));
	if (two)
		*two = 0;
}

/* Puts a reset in place of the packet. A fragment does not say how long its segment is; a reset is never answered. */
static __always_inline bool write_reset(struct xdp_md *ctx, const struct refused *p, bool six, bool fragment)
{
	__u32 header = six ? sizeof(struct ipv6hdr) : sizeof(struct iphdr), at = FORGET(p->reading.at);
	__u32 length, least = frame_bytes(ctx) < SHORTEST_FRAME ? 0 : SHORTEST_FRAME;
	struct tcphdr *tcp = bytes_at(ctx, at, sizeof(*tcp));
	__be32 seq = 0, ack = 0;
	__u8 flags;

	if (!tcp || fragment)
		return false;
	flags = ((__u8 *)tcp)[13];
	if (flags & TCP_RST)
		return false;
	if (flags & TCP_ACK) {
		seq = tcp->ack_seq;
	} else {
		length = p->bytes - (at - p->ip) - (((__u8 *)tcp)[12] >> 2 & 0x3c);
		ack = bpf_htonl(bpf_ntohl(tcp->seq) + length + !!(flags & TCP_SYN) + (flags & TCP_FIN));
	}
	if (!takes_token())
		return false;
	length = p->ip + header + sizeof(*tcp);
	if (!resize(ctx, length < least ? least : length) || !write_link(ctx, p) ||
	    !write_ip(ctx, p, six, IPPROTO_TCP, 0, sizeof(*tcp)))
		return false;
	tcp = bytes_at(ctx, p->ip + header, sizeof(*tcp));
	if (!tcp)
		return false;
	__builtin_memset(tcp, 0, sizeof(*tcp));
	tcp->source = p->reading.flow.local_port;
	tcp->dest = p->reading.flow.remote_port;
	tcp->seq = seq;
	tcp->ack_seq = ack;
	((__u8 *)tcp)[12] = sizeof(*tcp) / 4 << 4;
	((__u8 *)tcp)[13] = flags & TCP_ACK ? TCP_RST : TCP_RST | TCP_ACK;
	tcp->check = folded(pseudo_header(&p->reading.flow, IPPROTO_TCP, sizeof(*tcp)) + sum_of(tcp, 5));
	clear_padding(ctx, p->ip + header + sizeof(*tcp));
	return true;
}

/* The sum of all that is behind `at`, as long as a quote can be. */
static __always_inline __u64 sum_to_end(struct xdp_md *ctx, const void *at)
{
	const void *end = (void *)(long)ctx->data_end;
	__u64 sum = 0;
	__u32 word;

	for (word = 0; word < QUOTE_WORDS; word++) {
		barrier_var(at);
		if (at + 4 > end)
			break;
		sum += *(const any_word *)at;
		at += 4;
	}
	barrier_var(at);
	if (at + 2 <= end) {
		sum += *(const __be16 *)at;
		at += 2;
	}
	barrier_var(at);
	if (at + 1 <= end)
		sum += bpf_htons(*(const __u8 *)at << 8);
	return sum;
}

/* Puts an error in front of the packet, of which the beginning stays as the quote. */
static __always_inline bool write_error(struct xdp_md *ctx, const struct refused *p, bool six, __u32 codes)
{
	__u32 header = six ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u32 quote = p->bytes < QUOTE_WORDS * 4 ? p->bytes : QUOTE_WORDS * 4;
	__u32 protocol = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	__u8 *icmp;
	__u64 sum;

	if (p->reading.kind == FLOW_ERROR || p->reading.kind == FLOW_OTHER_ICMP || !takes_token())
		return false;
	if (!resize(ctx, p->ip + quote) || bpf_xdp_adjust_head(ctx, -(int)(header + 8)) || !write_link(ctx, p) ||
	    !write_ip(ctx, p, six, protocol, TOS_CONTROL, 8 + quote))
		return false;
	icmp = bytes_at(ctx, p->ip + header, 8);
	if (!icmp)
		return false;
	icmp[0] = six ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE;
	icmp[1] = six ? codes >> 8 : codes;
	*(__be16 *)(icmp + 2) = 0;
	*(__be32 *)(icmp + 4) = 0;
	sum = *(__be16 *)icmp + sum_to_end(ctx, icmp + 8);
	if (six)
		sum += pseudo_header(&p->reading.flow, protocol, 8 + quote);
	*(__be16 *)(icmp + 2) = folded(sum);
	return true;
}

/*
 * Answers the packet in its own frame, XDP_TX, or drops it. `codes`: of ICMP, and from bit 8 on of ICMPv6; `base`: that of struct
 * packet. A function of its own for the verifier, and so that no other packet meets its code.
 */
__noinline int reject(struct xdp_md *ctx, __u32 codes, __u32 base)
{
	struct refused *p;
	bool six = base >= BASE_IPV6, fragment = (base & ~0xffU) - (six ? BASE_IPV6 : BASE_IPV4);
	__u32 kind, slot = 0;

	anchor();
	if (!enabled(KEY_REJECT) || base < BASE_IPV4 || !has_token())
		return XDP_DROP;
	p = bpf_map_lookup_elem(&refusals, &slot);
	if (!p)
		return XDP_DROP;
	__builtin_memset(p, 0, sizeof(*p)); /* direction: INCOMING */
	p->ip = find_ip(ctx);
	if (p->ip == NOT_IP)
		return XDP_DROP;
	p->reading.at = p->ip;
	kind = read_flow(ctx, &p->reading);
	if (kind == FLOW_NONE || kind == FLOW_LATER_FRAGMENT || !read_link(ctx, p) || !read_length(ctx, p, six) || !p->bytes ||
	    !may_be_answered(p, six))
		return XDP_DROP;
	if (kind == FLOW_TCP ? !write_reset(ctx, p, six, fragment) : !write_error(ctx, p, six, codes))
		return XDP_DROP;
	count(ctx, number(NUMBER_ANSWERED));
	return XDP_TX;
}
