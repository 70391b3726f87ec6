/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The one parser: frame -> struct packet. A cursor moves forward only; each step proves its bytes before
 * they are read and says what it leaves behind. `left` is what the IP header promises, never more than the
 * frame holds: bytes behind the IP packet (padding) are no header, whatever they look like. A later fragment
 * never gets as far as a transport header. The same decisions, in the same words: src/policy/parse.ts.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "settings.h"

#define VLAN_TAGS 2
#define EXTENSIONS 8
#define VLAN_NONE 4096

enum shape { SHAPE_IP, SHAPE_MALFORMED, SHAPE_NON_IP };
enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };
enum transport { TRANSPORT_NONE, TRANSPORT_PORTS, TRANSPORT_TCP, TRANSPORT_ICMP };

/* Addresses as two 64-bit numbers, first byte most significant; IPv4 in the upper half of the first. */
struct address {
	__u64 hi, lo;
};

/* Numbers in host order. What `shape` and `transport` do not promise, or no rule asks for, is 0. */
struct packet {
	struct address source, destination;
	__u64 source_mac, destination_mac; /* first byte most significant */
	union {
		__u64 word[3];
		struct {
			__u16 length; /* of the IP packet */
			__u16 source_port, destination_port;
			__u16 icmp; /* type << 8 | code */
			__u16 vlan, ether_type;
			__u8 family; /* 0 not IP, 1 IPv4, 2 IPv6 */
			__u8 fragment;
			__u8 transport;
			__u8 protocol;
			__u8 tcp_flags, ttl, dscp, unused;
			__u16 at, left; /* of the cursor, in bytes, while extension headers are walked */
		};
	};
};

struct cursor {
	void *at;
	void *end;
	__u32 left; /* bytes of the IP packet from `at` on */
};

struct link {
	__u8 destination[6], source[6];
	__be16 type;
};

struct vlan_tag {
	__be16 tci, inner_type;
};

struct extension {
	__u8 next, length;
};

struct fragment_header {
	__u8 next, reserved;
	__be16 offset;
	__be32 id;
};

/* Both proofs: the IP header's promise for us, the frame's end for the verifier. */
static __always_inline bool holds(const struct cursor *c, __u32 bytes)
{
	return c->left >= bytes && c->at + bytes <= c->end;
}

static __always_inline void skip(struct cursor *c, __u32 bytes)
{
	c->at += bytes;
	c->left -= bytes;
}

static __always_inline __u64 mac(const __u8 *bytes)
{
	return (__u64)bytes[0] << 56 | (__u64)bytes[1] << 48 | (__u64)bytes[2] << 40 | (__u64)bytes[3] << 32 |
	       (__u64)bytes[4] << 24 | (__u64)bytes[5] << 16;
}

#define LINK_TRUNCATED 0x10000

/*
 * Leaves the cursor behind the Ethernet header and up to two tags, and returns the EtherType in network order. A third
 * tag is just an EtherType.
 */
static __always_inline __u32 parse_link(const struct view *view, struct cursor *c, struct packet *p)
{
	struct link *eth = c->at;
	__u16 type;
	int tag;

	if ((void *)(eth + 1) > c->end)
		return LINK_TRUNCATED;
	if (uses(view, FIELD_SOURCE_MAC))
		p->source_mac = mac(eth->source);
	if (uses(view, FIELD_DESTINATION_MAC))
		p->destination_mac = mac(eth->destination);
	type = eth->type;
	c->at = eth + 1;
	if (uses(view, FIELD_VLAN))
		p->vlan = VLAN_NONE;
#pragma unroll
	for (tag = 0; tag < VLAN_TAGS; tag++) {
		struct vlan_tag *vlan = c->at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > c->end)
			return LINK_TRUNCATED;
		if (uses(view, FIELD_VLAN) && tag == 0)
			p->vlan = bpf_ntohs(vlan->tci) & 0xfff;
		type = vlan->inner_type;
		c->at = vlan + 1;
	}
	if (uses(view, FIELD_ETHER_TYPE))
		p->ether_type = bpf_ntohs(type);
	return type;
}

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

struct ports {
	__be16 source, destination;
};

struct icmp {
	__u8 type, code;
	__be16 checksum;
	__be32 rest;
};

/* Reads the transport header at the cursor; its whole fixed part must be there. */
static __always_inline bool parse_transport(const struct view *view, struct cursor *c, struct packet *p)
{
	struct ports *ports = c->at;
	struct icmp *icmp = c->at;
	struct tcphdr *tcp = c->at;

	if (p->protocol == IPPROTO_TCP) {
		__u8 *bytes = c->at;
		__u32 header;

		if (!holds(c, sizeof(*tcp)))
			return false;
		header = (bytes[12] >> 4) * 4;
		if (header < sizeof(*tcp) || header > c->left)
			return false;
		if (uses(view, FIELD_TCP_FLAGS))
			p->tcp_flags = bytes[13];
		p->transport = TRANSPORT_TCP;
	} else if (p->protocol == IPPROTO_UDP) {
		if (!holds(c, sizeof(struct udphdr)))
			return false;
		p->transport = TRANSPORT_PORTS;
	} else if (p->protocol == IPPROTO_SCTP) {
		if (!holds(c, 12))
			return false;
		p->transport = TRANSPORT_PORTS;
	} else if (p->protocol == (p->family == 1 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (!holds(c, sizeof(*icmp)))
			return false;
		p->icmp = icmp->type << 8 | icmp->code;
		p->transport = TRANSPORT_ICMP;
		return true;
	} else {
		return true;
	}
	if (uses(view, FIELD_SOURCE_PORT))
		p->source_port = bpf_ntohs(ports->source);
	if (uses(view, FIELD_DESTINATION_PORT))
		p->destination_port = bpf_ntohs(ports->destination);
	return true;
}

/* What is read without being set: as little as possible, one word at a time. */
static __always_inline void clear(const struct view *view, struct packet *p)
{
	if (uses(view, FIELD_SOURCE) || view->features & FEATURE_LIMIT_SOURCE)
		p->source = (struct address){};
	if (uses(view, FIELD_DESTINATION))
		p->destination = (struct address){};
	p->word[0] = p->word[1] = p->word[2] = 0;
}

static __always_inline enum shape parse(const struct view *view, struct xdp_md *ctx, struct packet *p)
{
	struct cursor cursor = {.at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end}, *c = &cursor;
	__u32 type;

	clear(view, p);
	type = parse_link(view, c, p);
	if (type == LINK_TRUNCATED)
		return SHAPE_MALFORMED;
	if (type == bpf_htons(ETH_P_IP)) {
		if (!parse_ipv4(view, c, p))
			return SHAPE_MALFORMED;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		if (!parse_ipv6(view, ctx, c, p))
			return SHAPE_MALFORMED;
	} else {
		return SHAPE_NON_IP;
	}
	if (p->fragment != FRAGMENT_LATER && !parse_transport(view, c, p))
		return SHAPE_MALFORMED;
	return SHAPE_IP;
}
