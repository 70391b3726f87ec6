/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Transport headers, and the whole way through a frame. */
#pragma once

#include "ip.h"

struct ports {
	__be16 source, destination;
};

struct icmp {
	__u8 type, code;
	__be16 checksum;
	__be32 rest;
};

/* Reads the transport header at the cursor; its whole fixed part must be there. */
static __always_inline bool parse_transport(struct cursor *c, struct packet *p)
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
		if (enabled(KEY_UNCOMMON) && asks(FIELD_TCP_FLAGS))
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
	if (asks(FIELD_SOURCE_PORT))
		p->source_port = bpf_ntohs(ports->source);
	if (asks(FIELD_DESTINATION_PORT))
		p->destination_port = bpf_ntohs(ports->destination);
	return true;
}

/* What may be read without being set: as little as possible, a word at a time. */
static __always_inline void clear(struct packet *p)
{
	p->word[0] = p->word[1] = 0;
	if (enabled(KEY_UNCOMMON)) {
		p->word[2] = 0;
		p->source_mac = p->destination_mac = 0;
	}
	if (enabled(KEY_SOURCE))
		p->source = (struct address){};
	if (asks(FIELD_DESTINATION))
		p->destination = (struct address){};
}

/* Sets p->shape, and what it promises. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *p)
{
	struct cursor cursor = {.at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end}, *c = &cursor;
	__be16 type;

	clear(p);
	if (!parse_link(c, p, &type))
		return;
	if (type == bpf_htons(ETH_P_IP)) {
		if (!parse_ipv4(c, p))
			return;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		if (!parse_ipv6(ctx, c, p))
			return;
	} else {
		p->shape = SHAPE_NON_IP;
		return;
	}
	if (p->fragment == FRAGMENT_LATER || parse_transport(c, p))
		p->shape = SHAPE_IP;
}
