/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Answers a packet that is not let in, out of the interface by which it came: TCP with a reset (RFC 9293, 3.10.7.1), all else with
 * "destination unreachable" of ICMP (RFC 792) or ICMPv6 (RFC 4443). What may not be answered (RFC 1122, 3.2.2; RFC 4443, 2.4), cannot be,
 * or is above the rate is dropped. A packet comes here that the parser found whole; its headers are read once more, so that no
 * other packet pays for what an answer needs. The same decisions and bytes, for tests: test/support/answer.ts.
 */
#pragma once

#include "conditions.h"
#include "flow.h"
#include "tables.h"

/* Answers on an interface: in a second, and at once. docs/actions.md has the same numbers. */
#define ANSWER_RATE 1000
#define ANSWER_BURST 1000

#define QUOTE_WORDS 64   /* of 4 bytes: the most that an error quotes of a packet */
#define SHORTEST_FRAME 60 /* of Ethernet: what came as long is sent as long */
#define ANSWER_HOPS 64
#define ICMPV6_UNREACHABLE 1
#define TOS_CONTROL 0xc0 /* of errors (RFC 1812, 4.3.2.5) */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* a bucket */
} answers SEC(".maps");

/* A packet to be answered. `flow.local` is its destination, and becomes the source of the answer. */
struct refused {
	struct reading reading;
	__u32 ip;    /* byte of the frame: its IP header */
	__u32 bytes; /* of the IP packet */
	__be32 tags[2];
	struct ethhdr link;
};

/* Room for one, on each CPU: that of the stack is short, and is not left while a packet is answered. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct refused);
} refusals SEC(".maps");

/* Is it no address of a single host on the wire? Unspecified, loopback, multicast, broadcast, IPv4 within IPv6. */
static __always_inline bool is_nobody(const __be32 *address, bool six)
{
	__u32 first = *(const __u8 *)address;

	if (!six)
		return first == 0 || first == 127 || first >= 224;
	return first == 0xff || (!(address[0] | address[1]) && (!address[2] || address[2] == bpf_htonl(0xffff)));
}

static __always_inline bool may_be_answered(const struct refused *p, bool six)
{
	const struct flow *flow = &p->reading.flow;
	__u32 word, differs = 0;

	for (word = 0; word < 4; word++)
		differs |= flow->remote[word] ^ flow->local[word];
	if (!differs || is_nobody(flow->remote, six) || is_nobody(flow->local, six))
		return false;
	return !((p->link.h_dest[0] | p->link.h_source[0]) & 1); /* to a group, or said to be from one */
}

/* Reads the link layer; false where no frame of it can be sent back. */
static __always_inline bool read_link(struct xdp_md *ctx, struct refused *p)
{
	struct ethhdr *eth = bytes_at(ctx, 0, sizeof(*eth));
	__be32 *tag;

	if (!eth)
		return false;
	__builtin_memcpy(&p->link, eth, sizeof(*eth));
	if (p->ip > sizeof(*eth)) {
		tag = bytes_at(ctx, sizeof(*eth), 4);
		if (!tag)
			return false;
		p->tags[0] = *tag;
	}
	if (p->ip > sizeof(*eth) + 4) {
		tag = bytes_at(ctx, sizeof(*eth) + 4, 4);
		if (!tag)
			return false;
		p->tags[1] = *tag;
	}
	return true;
}

/* The same link layer, tags included, back to where it came from. */
static __always_inline bool write_link(struct xdp_md *ctx, const struct refused *p)
{
	struct ethhdr *eth = bytes_at(ctx, 0, sizeof(*eth));
	__be32 *tag;

	if (!eth)
		return false;
	__builtin_memcpy(eth->h_dest, p->link.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, p->link.h_dest, ETH_ALEN);
	eth->h_proto = p->link.h_proto;
	if (p->ip > sizeof(*eth)) {
		tag = bytes_at(ctx, sizeof(*eth), 4);
		if (!tag)
			return false;
		*tag = p->tags[0];
	}
	if (p->ip > sizeof(*eth) + 4) {
		tag = bytes_at(ctx, sizeof(*eth) + 4, 4);
		if (!tag)
			return false;
		*tag = p->tags[1];
	}
	return true;
}

static __always_inline bool read_length(struct xdp_md *ctx, struct refused *p, bool six)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	if (six) {
		ip6 = bytes_at(ctx, p->ip, sizeof(*ip6));
		p->bytes = ip6 ? sizeof(*ip6) + bpf_ntohs(ip6->payload_len) : 0;
		return ip6;
	}
	ip = bytes_at(ctx, p->ip, sizeof(*ip));
	p->bytes = ip ? bpf_ntohs(ip->tot_len) : 0;
	return ip;
}

/* Of whatever type what is written there was: clang would else read before it writes. */
typedef __be32 __attribute__((may_alias)) any_word;

/* Sum for a checksum (RFC 1071) of words that are there. */
static __always_inline __u64 sum_of(const void *at, __u32 words)
{
	const any_word *word = at;
	__u64 sum = 0;
	__u32 each;

#pragma unroll
	for (each = 0; each < words; each++)
		sum += word[each];
	return sum;
}

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u64 pseudo_header(const struct flow *flow, __u32 protocol, __u32 bytes)
{
	return sum_of(flow->remote, 4) + sum_of(flow->local, 4) + bpf_htonl(protocol) + bpf_htonl(bytes);
}

/* Writes the IP header of the answer, with `bytes` behind it. */
static __always_inline bool write_ip(struct xdp_md *ctx, const struct refused *p, bool six, __u32 protocol, __u32 tos, __u32 bytes)
{
	const struct flow *flow = &p->reading.flow;
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	if (six) {
		ip6 = bytes_at(ctx, p->ip, sizeof(*ip6));
		if (!ip6)
			return false;
		*(__be32 *)ip6 = bpf_htonl(6U << 28 | tos << 20);
		ip6->payload_len = bpf_htons(bytes);
		ip6->nexthdr = protocol;
		ip6->hop_limit = ANSWER_HOPS;
		__builtin_memcpy(&ip6->saddr, flow->local, 16);
		__builtin_memcpy(&ip6->daddr, flow->remote, 16);
		return true;
	}
	ip = bytes_at(ctx, p->ip, sizeof(*ip));
	if (!ip)
		return false;
	*(__u8 *)ip = 0x45;
	ip->tos = tos;
	ip->tot_len = bpf_htons(sizeof(*ip) + bytes);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000); /* not to be fragmented: then the id says nothing (RFC 6864) */
	ip->ttl = ANSWER_HOPS;
	ip->protocol = protocol;
	ip->check = 0;
	ip->saddr = flow->local[0];
	ip->daddr = flow->remote[0];
	ip->check = folded(sum_of(ip, 5));
	return true;
}

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
