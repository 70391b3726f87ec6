/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Parses the transport header, and calls the parsers of all layers in order. */
#pragma once

#include "ip.h"
#include "question.h"

struct ports {
	__be16 source, destination;
};

struct icmp {
	__u8 type, code;
	__be16 checksum;
	__be32 rest;
};

#define ND_FIRST 133 /* router solicitation */
#define ND_LAST 137  /* redirect */
#define ND_HOPS 255  /* not forwarded by a router; hosts accept nothing else (RFC 4861) */

static __always_inline bool parse_tcp(const struct cursor *c, struct packet *p)
{
	__u8 *bytes = c->at;
	__u32 header;

	if (!holds(c, sizeof(struct tcphdr)))
		return false;
	header = bytes[12] >> 2 & 0x3c;
	if (header < sizeof(struct tcphdr) || header > c->left)
		return false;
	if (enabled(KEY_UNCOMMON) && asks(FIELD_TCP_FLAGS))
		p->tcp_flags = bytes[13] + PRESENT;
	return true;
}

static __always_inline void parse_icmp(const struct cursor *c, struct packet *p)
{
	struct icmp *icmp = c->at;

	if (!holds(c, sizeof(*icmp)))
		return;
	if (enabled(KEY_UNCOMMON) && asks(FIELD_ICMP))
		p->icmp = (icmp->type << 8 | icmp->code) + PRESENT_SHORT;
	p->shape = SHAPE_IP;
	if (p->base >= BASE_IPV6 && c->hops == ND_HOPS && icmp->type >= ND_FIRST && icmp->type <= ND_LAST)
		p->shape = SHAPE_NEIGHBOR_DISCOVERY;
}

/* Reads the transport header at the cursor and sets p->shape. Without its whole fixed part the frame stays malformed. */
static __always_inline void parse_transport(const struct cursor *c, struct packet *p, __u32 protocol)
{
	struct ports *ports = c->at;

	if (__builtin_expect(protocol == IPPROTO_TCP, 1)) {
		if (!parse_tcp(c, p))
			return;
	} else if (protocol == IPPROTO_UDP) {
		if (!holds(c, sizeof(struct udphdr)))
			return;
	} else if (protocol == IPPROTO_SCTP) {
		if (!holds(c, 12))
			return;
	} else if (protocol == (p->base < BASE_IPV6 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		parse_icmp(c, p);
		return;
	} else {
		p->shape = SHAPE_IP;
		return;
	}
	if (asks(FIELD_SOURCE_PORT))
		p->source_port = bpf_ntohs(ports->source) + PRESENT_SHORT;
	if (asks(FIELD_DESTINATION_PORT))
		p->destination_port = bpf_ntohs(ports->destination) + PRESENT_SHORT;
	p->shape = SHAPE_IP;
}

static __always_inline void set_ether_type(struct packet *p, __u32 type)
{
	if (enabled(KEY_UNCOMMON) && asks(FIELD_ETHER_TYPE))
		p->ether_type = type + PRESENT_SHORT;
}

/*
 * The payload of GRE can begin with a VLAN tag; its EtherType is in the GRE header, which XDP does not see. A priority tag (id 0) with
 * priority 3 looks like the first word of IPv6, and Linux would find the IP packet behind it: such a frame counts as malformed.
 */
static __always_inline bool is_tag_in_disguise(const __u8 *at)
{
	__u32 tci = at[0] << 8 | at[1], type = at[2] << 8 | at[3];

	if (tci != 0x6000)
		return false;
	if (type == ETH_P_IP)
		return at[4] >> 4 == 4;
	if (type == ETH_P_IPV6)
		return at[4] >> 4 == 6;
	return is_tag(bpf_htons(type)) && !(at[4] & 0xf) && !at[5];
}

/* For a link without Ethernet headers: sets `type` to the EtherType of the IP version; the cursor does not move. */
static __always_inline bool parse_version(struct cursor *c, struct packet *p, __be16 *type)
{
	__u8 *at = c->at;

	if ((void *)(at + 8) > c->end)
		return false;
	if (enabled(KEY_UNCOMMON))
		p->vlan = VLAN_NONE + PRESENT;
	*type = bpf_htons(at[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	return at[0] >> 4 == 4 || (at[0] >> 4 == 6 && !is_tag_in_disguise(at));
}

static __always_inline bool parse_start(struct xdp_md *ctx, struct cursor *c, struct packet *p, __be16 *type)
{
	if (!enabled(KEY_NO_ETHERNET) || is_question(ctx))
		return parse_link(c, p, type);
	return parse_version(c, p, type);
}

/* Sets p->shape, and the fields that the shape has. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *p)
{
	struct cursor cursor = {.at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end}, *c = &cursor;
	__u32 protocol;
	__be16 type;

	clear(p);
	if (!parse_start(ctx, c, p, &type))
		return;
	if (__builtin_expect(type == bpf_htons(ETH_P_IP), 1)) {
		set_ether_type(p, ETH_P_IP);
		if (!parse_ipv4(ctx, c, p, &protocol))
			return;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		set_ether_type(p, ETH_P_IPV6);
		if (!parse_ipv6(ctx, c, p, &protocol))
			return;
	} else {
		set_ether_type(p, bpf_ntohs(type));
		p->shape = SHAPE_NON_IP;
		return;
	}
	parse_transport(c, p, protocol);
}
