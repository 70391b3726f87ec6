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

enum shape { SHAPE_MALFORMED, SHAPE_NON_IP, SHAPE_IP }; /* malformed until proven otherwise */
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
			__u8 family; /* 0 not IP, 1 IPv4, 2 IPv6 */
			__u8 fragment, transport, protocol, shape;
			__u8 tcp_flags, ttl, dscp;
			__u16 vlan, ether_type;
			__u32 unused;
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

/* Of the cursor, in bytes, and what stands there, while extension headers are walked. */
struct walk {
	__u16 at, left;
	__u8 protocol, fragment;
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

static __always_inline bool is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Leaves the cursor behind a VLAN tag, and `type` at the EtherType that follows. */
static __always_inline bool parse_tag(struct cursor *c, __u32 *tci, __be16 *type)
{
	struct vlan_tag *vlan = c->at;

	if ((void *)(vlan + 1) > c->end)
		return false;
	*tci = bpf_ntohs(vlan->tci);
	*type = vlan->inner_type;
	c->at = vlan + 1;
	return true;
}

/*
 * Leaves the cursor behind the Ethernet header and up to two tags, and `type` at the EtherType in network order. A third
 * tag is just an EtherType.
 */
static __always_inline bool parse_link(struct cursor *c, struct packet *p, __be16 *type)
{
	struct link *eth = c->at;
	__u32 outer = VLAN_NONE, inner;

	if ((void *)(eth + 1) > c->end)
		return false;
	*type = eth->type;
	c->at = eth + 1;
	if (*type != bpf_htons(ETH_P_IP) && is_tag(*type)) { /* mostly not, and then known at once */
		if (!parse_tag(c, &outer, type))
			return false;
		outer &= 0xfff;
		if (is_tag(*type) && !parse_tag(c, &inner, type))
			return false;
	}
	if (!enabled(KEY_UNCOMMON))
		return true;
	if (asks(FIELD_SOURCE_MAC))
		p->source_mac = mac(eth->source);
	if (asks(FIELD_DESTINATION_MAC))
		p->destination_mac = mac(eth->destination);
	if (asks(FIELD_VLAN))
		p->vlan = outer;
	if (asks(FIELD_ETHER_TYPE))
		p->ether_type = bpf_ntohs(*type);
	return true;
}
