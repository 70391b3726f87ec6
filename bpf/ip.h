/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The IP header and, in IPv6, the chain of extension headers behind it: from the cursor to the transport header.
 */
#pragma once

#include "packet.h"

/* Adds the fragment state to p->base, which is set already. False for a later fragment. */
static __always_inline bool set_fragment(struct packet *p, bool later)
{
	p->base += (later ? FRAGMENT_LATER : FRAGMENT_FIRST) << 8;
	if (later)
		p->shape = SHAPE_LATER_FRAGMENT;
	return !later;
}

/*
 * Linux merges a stream into a packet that is longer than a length field can express (BIG TCP): the field is 0, and the packet is as
 * long as its frame. In a shorter frame a length of 0 is malformed: any sender can write it.
 */
static __always_inline bool is_merged(struct xdp_md *ctx, const struct cursor *c, __u32 header)
{
	return reaches(ctx, c, header + LONGEST_PACKET + 1);
}

/*
 * Moves the cursor past the options, sets `protocol` and p->base. False when no transport header may be read: the packet is malformed,
 * or a later fragment (p->shape).
 */
static __always_inline bool parse_ipv4(struct xdp_md *ctx, struct cursor *c, struct packet *p, __u32 *protocol)
{
	struct iphdr *ip = c->at;
	__u32 first, header, total;

	if ((void *)(ip + 1) > c->end)
		return false;
	first = *(__u8 *)ip;
	if (first < 0x45 || first > 0x4f) /* version 4, and five words at least */
		return false;
	header = first * 4 & 0x3c;
	total = bpf_ntohs(ip->tot_len);
	if (__builtin_expect(total < header, 0)) {
		if (total || ip->protocol != IPPROTO_TCP || !is_merged(ctx, c, 0))
			return false;
		total = LONGEST_PACKET;
	} else if (!reaches(ctx, c, total)) {
		return false;
	}
	*protocol = ip->protocol;
	p->base = BASE_IPV4 | *protocol;
	if (enabled(KEY_UNCOMMON)) {
		p->length = total + PRESENT_SHORT;
		p->ttl = ip->ttl + PRESENT;
		p->dscp = (ip->tos >> 2) + PRESENT;
	}
	if (enabled(KEY_SOURCE))
		p->source.hi = (__u64)bpf_ntohl(ip->saddr) << 32;
	if (enabled(KEY_DESTINATION))
		p->destination.hi = (__u64)bpf_ntohl(ip->daddr) << 32;
	c->left = total;
	skip(c, header);
	return !(ip->frag_off & bpf_htons(0x3fff)) || set_fragment(p, ip->frag_off & bpf_htons(0x1fff));
}

/* Like parse_ipv4, for IPv6: moves the cursor past the extension headers. */
static __always_inline bool parse_ipv6(struct xdp_md *ctx, struct cursor *c, struct packet *p, __u32 *protocol)
{
	struct ipv6hdr *ip = c->at;
	struct walk walk;
	__u32 total, at;

	if ((void *)(ip + 1) > c->end || ip->version != 6)
		return false;
	total = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (__builtin_expect(!ip->payload_len, 0) && is_merged(ctx, c, sizeof(*ip)))
		total = LONGEST_PACKET;
	if (!reaches(ctx, c, total))
		return false;
	*protocol = ip->nexthdr;
	c->hops = ip->hop_limit;
	if (enabled(KEY_UNCOMMON)) {
		p->length = (total < LONGEST_PACKET ? total : LONGEST_PACKET) + PRESENT_SHORT;
		p->ttl = ip->hop_limit + PRESENT;
		p->dscp = ((ip->priority << 2 | ip->flow_lbl[0] >> 6) & 0x3f) + PRESENT;
	}
	if (enabled(KEY_SOURCE)) {
		p->source.hi = bpf_be64_to_cpu(*(__be64 *)&ip->saddr);
		p->source.lo = bpf_be64_to_cpu(*(__be64 *)&ip->saddr.in6_u.u6_addr32[2]);
	}
	if (enabled(KEY_DESTINATION)) {
		p->destination.hi = bpf_be64_to_cpu(*(__be64 *)&ip->daddr);
		p->destination.lo = bpf_be64_to_cpu(*(__be64 *)&ip->daddr.in6_u.u6_addr32[2]);
	}
	c->left = total;
	skip(c, sizeof(*ip));
	if (!is_extension(*protocol)) {
		p->base = BASE_IPV6 | *protocol;
		return true;
	}
	walk = (struct walk){.at = c->at - (void *)(long)ctx->data, .left = c->left, .protocol = *protocol};
	if (!walk_extensions(ctx, &walk))
		return false;
	*protocol = walk.protocol;
	p->base = BASE_IPV6 | *protocol;
	if (walk.fragment != FRAGMENT_NONE && !set_fragment(p, walk.fragment == FRAGMENT_LATER))
		return false;
	at = FORGET(walk.at) & MAX_HEADERS;
	barrier_var(at);
	c->end = (void *)(long)ctx->data_end;
	c->at = (void *)(long)ctx->data + at;
	c->left = walk.left;
	return true;
}
