/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The IP header and, in IPv6, the chain of extension headers behind it: from the cursor to the transport header.
 */
#pragma once

#include "packet.h"

static __always_inline void keep(const struct view *view, struct packet *p, __u32 length, __u32 ttl, __u32 dscp)
{
	if (uses(view, FIELD_LENGTH))
		p->length = length;
	if (uses(view, FIELD_TTL))
		p->ttl = ttl;
	if (uses(view, FIELD_DSCP))
		p->dscp = dscp;
}

/* Leaves the cursor behind the options. */
static __always_inline bool parse_ipv4(const struct view *view, struct cursor *c, struct packet *p)
{
	struct iphdr *ip = c->at;
	__u32 header, total, offset;

	if ((void *)(ip + 1) > c->end || ip->version != 4)
		return false;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (header < sizeof(*ip) || total < header || total > c->end - c->at)
		return false;
	p->family = 1;
	p->protocol = ip->protocol;
	keep(view, p, total, ip->ttl, ip->tos >> 2);
	if (uses(view, FIELD_SOURCE) || view->features & FEATURE_LIMIT_SOURCE)
		p->source.hi = (__u64)bpf_ntohl(ip->saddr) << 32;
	if (uses(view, FIELD_DESTINATION))
		p->destination.hi = (__u64)bpf_ntohl(ip->daddr) << 32;
	offset = bpf_ntohs(ip->frag_off);
	p->fragment = offset & 0x1fff ? FRAGMENT_LATER : offset & 0x2000 ? FRAGMENT_FIRST : FRAGMENT_NONE;
	c->left = total;
	skip(c, header);
	return true;
}

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

#define MAX_HEADERS 0x7fff /* a mask that changes nothing: no chain of headers is longer */
#define FORGET(x) (*(volatile typeof(x) *)&(x))

/*
 * Moves p->at and p->left to the transport header, or leaves them anywhere when the packet is a later fragment.
 * A function of its own for the verifier, and forgetful in its loop: what it would remember of each header makes
 * more combinations than it is willing to follow.
 */
__noinline int walk_extensions(struct xdp_md *ctx, struct packet *p)
{
	int walked;

	if (!p)
		return false;
	for (walked = 0; walked < EXTENSIONS; walked++) {
		__u32 at = FORGET(p->at) & MAX_HEADERS, left = FORGET(p->left), bytes, offset;
		__u32 protocol = FORGET(p->protocol);
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
		FORGET(p->protocol) = extension->next;
		FORGET(p->at) = at + bytes;
		FORGET(p->left) = left - bytes;
		if (protocol != IPPROTO_FRAGMENT)
			continue;
		offset = bpf_ntohs(fragment->offset);
		if (offset & ~7U) {
			p->fragment = FRAGMENT_LATER;
			return true;
		}
		if (offset & 1)
			p->fragment = FRAGMENT_FIRST;
	}
	return !is_extension(FORGET(p->protocol)); /* a ninth hides the transport: nobody may pass behind it */
}

/* Leaves the cursor as walk_extensions does. */
static __always_inline bool parse_ipv6(const struct view *view, struct xdp_md *ctx, struct cursor *c, struct packet *p)
{
	struct ipv6hdr *ip = c->at;
	__u32 total, at;

	if ((void *)(ip + 1) > c->end || ip->version != 6)
		return false;
	total = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (total > c->end - c->at)
		return false;
	p->family = 2;
	p->protocol = ip->nexthdr;
	keep(view, p, total < 65535 ? total : 65535, ip->hop_limit, (ip->priority << 2 | ip->flow_lbl[0] >> 6) & 0x3f);
	if (uses(view, FIELD_SOURCE) || view->features & FEATURE_LIMIT_SOURCE) {
		p->source.hi = bpf_be64_to_cpu(*(__be64 *)&ip->saddr);
		p->source.lo = bpf_be64_to_cpu(*(__be64 *)&ip->saddr.in6_u.u6_addr32[2]);
	}
	if (uses(view, FIELD_DESTINATION)) {
		p->destination.hi = bpf_be64_to_cpu(*(__be64 *)&ip->daddr);
		p->destination.lo = bpf_be64_to_cpu(*(__be64 *)&ip->daddr.in6_u.u6_addr32[2]);
	}
	p->fragment = FRAGMENT_NONE;
	c->left = total;
	skip(c, sizeof(*ip));
	if (!is_extension(p->protocol))
		return true;
	p->at = c->at - (void *)(long)ctx->data;
	p->left = c->left;
	if (!walk_extensions(ctx, p))
		return false;
	at = FORGET(p->at) & MAX_HEADERS;
	barrier_var(at);
	c->end = (void *)(long)ctx->data_end;
	c->at = (void *)(long)ctx->data + at;
	c->left = p->left;
	return true;
}
