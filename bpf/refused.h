/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A packet that is to be answered: what an answer takes from it, whether it may be answered, and the headers of the answer. */
#pragma once

#include "flow.h"
#include "settings.h"

#define ANSWER_HOPS 64

/* A packet to be answered. `flow.local` is its destination, and becomes the source of the answer. */
struct refused {
	struct reading reading;
	__u32 ip;    /* byte of the frame: its IP header */
	__u32 bytes; /* of the IP packet */
	__be32 tags[2];
	struct ethhdr link;
};

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
