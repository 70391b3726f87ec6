/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parser: frame -> struct packet. A cursor only moves forward; each step checks the bounds of its bytes before it reads them, and
 * its comment says where it leaves the cursor. `left` is the rest of the IP packet by its length field, at most the rest of the frame:
 * bytes after the IP packet (padding) are never read as a header. The transport header of a later fragment is never read. The
 * reference makes the same decisions: src/policy/packet/parse.ts.
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

#include "extensions.h"
#include "settings.h"

#define VLAN_TAGS 2
#define LONGEST_PACKET 65535 /* the largest value of a length field of IP */
#define VLAN_NONE 4096

/*
 * The shape of a frame; malformed until the parser is through. Neighbour discovery and later fragments have shapes of their own,
 * because they may be decided before the rules.
 */
enum shape { SHAPE_MALFORMED, SHAPE_NON_IP, SHAPE_NEIGHBOR_DISCOVERY, SHAPE_LATER_FRAGMENT, SHAPE_IP };

/* Family and fragment in the upper byte of `base`: not IP 0, then three of IPv4, then three of IPv6. */
#define BASE_IPV4 0x100
#define BASE_IPV6 0x400
#define BASE_MASK 0x7ff

/* Added to a field that a packet may lack, so that 0 means absent. For short fields it is one row of the table of rows. */
#define PRESENT_SHORT 0x100
#define PRESENT 1

/* Addresses as two 64-bit numbers, first byte most significant; IPv4 in the upper half of the first. */
struct address {
	__u64 hi, lo;
};

/*
 * Numbers in host order, plus PRESENT_SHORT or PRESENT, as they index the tables; 0 when the packet lacks the field or no rule uses
 * it. No field that is set on the common path is first in a word: the verifier of Linux 6.1 tracks the value of such a field and
 * would follow each path to the end.
 */
struct packet {
	struct address source, destination;
	__u64 source_mac, destination_mac; /* first byte most significant */
	union {
		__u64 word[6];
		struct {
			__u32 first;
			__u32 source_port; /* short, like the other ones of 32 bits */
			__u32 second;
			__u32 destination_port;
			__u8 third, shape;
			__u16 base; /* BASE_*, fragment << 8, protocol */
			__u32 icmp; /* type << 8 | code */
			/* uncommon */
			__u32 fourth;
			__u32 length; /* of the IP packet */
			__u32 fifth;
			__u32 ether_type;
			__u16 ttl, vlan, dscp, tcp_flags; /* the VLAN of a tagged frame, the first id that is not 0, is set unasked */
		};
	};
};

/* Clears the fields that may be read without being set: as few as possible, a word at a time. */
static __always_inline void clear(struct packet *p)
{
	__u64 nought = anchor();

	p->word[2] = nought;
	if (asks(FIELD_SOURCE_PORT))
		p->word[0] = nought;
	if (asks(FIELD_DESTINATION_PORT))
		p->word[1] = nought;
	if (enabled(KEY_UNCOMMON)) {
		p->word[3] = p->word[4] = p->word[5] = nought;
		p->source_mac = p->destination_mac = nought;
	}
	if (enabled(KEY_SOURCE))
		p->source = (struct address){nought, nought};
	if (enabled(KEY_DESTINATION))
		p->destination = (struct address){nought, nought};
}

/* 0 not IP, 1 IPv4, 2 IPv6 */
static __always_inline __u32 family_of(const struct packet *p)
{
	if (p->base >= BASE_IPV6)
		return 2;
	return p->base >= BASE_IPV4;
}

struct cursor {
	void *at;
	void *end;
	__u32 left; /* bytes of the IP packet from `at` on */
	__u32 hops; /* hop limit of IPv6 */
};

struct link {
	__u8 destination[6], source[6];
	__be16 type;
};

struct vlan_tag {
	__be16 tci, inner_type;
};

/* Bytes of the frame, in all its buffers: headers are read from the first one alone, which is all of it nearly always. */
static __always_inline __u32 frame_bytes(struct xdp_md *ctx)
{
	return enabled(KEY_FRAGS) ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

/* Does the frame, in all its buffers, have `bytes` more bytes after the cursor? */
static __always_inline bool reaches(struct xdp_md *ctx, const struct cursor *c, __u32 bytes)
{
	__u64 before;

	if (bytes <= c->end - c->at)
		return true;
	if (!enabled(KEY_FRAGS))
		return false;
	before = c->at - (void *)(long)ctx->data;
	barrier_var(before); /* a number from here on: of pointers the verifier does not take the difference backwards */
	return before + bytes <= bpf_xdp_get_buff_len(ctx);
}

/* Checks both bounds: that of the IP packet for us, that of the buffer for the verifier. */
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

/* Moves the cursor past a VLAN tag; sets `type` to the EtherType that follows. */
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
 * Moves the cursor past the Ethernet header and up to two tags; sets `type` to the EtherType, in network order. A third tag is malformed:
 * Linux removes any number of tags with id 0 (priority tags), so that a third tag would hide an IP packet (decision 0120).
 */
static __always_inline bool parse_link(struct cursor *c, struct packet *p, __be16 *type)
{
	struct link *eth = c->at;
	__u32 outer, inner = 0;

	if ((void *)(eth + 1) > c->end)
		return false;
	if (enabled(KEY_UNCOMMON)) {
		if (asks(FIELD_SOURCE_MAC))
			p->source_mac = mac(eth->source);
		if (asks(FIELD_DESTINATION_MAC))
			p->destination_mac = mac(eth->destination);
		p->vlan = VLAN_NONE + PRESENT;
	}
	*type = eth->type;
	c->at = eth + 1;
	if (*type == bpf_htons(ETH_P_IP) || !is_tag(*type)) /* the common case first */
		return true;
	if (!parse_tag(c, &outer, type))
		return false;
	if (is_tag(*type) && (!parse_tag(c, &inner, type) || is_tag(*type)))
		return false;
	outer = outer & 0xfff ? outer & 0xfff : inner & 0xfff;
	if (outer)
		p->vlan = outer + PRESENT;
	return true;
}
