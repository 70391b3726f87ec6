/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Headers -> the flow that they belong to, seen from this host: who is the other end, and which ports. Read anew where a
 * connection matters, so that a policy that asks for none has nothing of it. Reads the same headers as the parser (packet.h), of
 * packets that it found whole; what cannot be read is no flow. Also reads what an ICMP error quotes, and what leaves (egress.bpf.c).
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FLOW_TAGS 2
#define FLOW_EXTENSIONS 8
#define FLOW_REACH 0x7fff /* no chain of headers is longer */

/* The key of the tables of connections. What a flow lacks is 0. */
struct flow {
	__be32 remote[4], local[4]; /* IPv4: the first word */
	__be16 remote_port, local_port; /* of ICMP echo 0 and the identifier */
	__u8 family, protocol;
	__u16 unused;
};

/* What stands in the packet, as far as its flow goes. */
enum flow_kind {
	FLOW_NONE, /* not IP, or too short */
	FLOW_TCP,
	FLOW_PORTS, /* UDP, SCTP */
	FLOW_ECHO_REQUEST,
	FLOW_ECHO_REPLY,
	FLOW_ERROR, /* ICMP or ICMPv6 about another packet */
	FLOW_OTHER_ICMP,
	FLOW_ADDRESSES, /* any other protocol: the two addresses */
	FLOW_LATER_FRAGMENT,
};

struct reading {
	struct flow flow;
	__u32 kind;
	__u32 at; /* byte of the frame at which the transport header begins */
	__u8 tcp_flags;
};

/* Types of ICMP (RFC 792) and ICMPv6 (RFC 4443, in which errors have types below 128). */
#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_ECHO_REQUEST 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

enum direction { INCOMING, OUTGOING };

/* Whose bytes may be read: all offsets are from `data`, and what is behind `end` is not there. */
struct bytes {
	void *data, *end;
};

/* `size` bytes at `at`, or nothing. */
static __always_inline void *bytes_at(const struct bytes *b, __u32 at, __u32 size)
{
	void *start;

	at &= FLOW_REACH;
	barrier_var(at);
	start = b->data + at;
	return start + size <= b->end ? start : 0;
}

static __always_inline bool is_flow_extension(__u32 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

/* Moves `at` behind the extension headers; false where the transport header is not in this packet. */
static __always_inline bool pass_extensions(const struct bytes *b, __u32 *at, __u32 *protocol)
{
	int step;

#pragma unroll
	for (step = 0; step < FLOW_EXTENSIONS; step++) {
		const __u8 *header;

		if (!is_flow_extension(*protocol))
			return true;
		header = bytes_at(b, *at, 8);
		if (!header)
			return false;
		if (*protocol == IPPROTO_FRAGMENT) {
			if (header[2] || header[3] & 0xf8)
				return false;
			*at += 8;
		} else if (*protocol == IPPROTO_AH) {
			*at += (header[1] + 2) * 4;
		} else {
			*at += (header[1] + 1) * 8;
		}
		*protocol = header[0];
	}
	return !is_flow_extension(*protocol);
}

static __always_inline __u32 kind_of_icmp4(__u32 type)
{
	switch (type) {
	case ICMP_ECHO_REQUEST:
		return FLOW_ECHO_REQUEST;
	case ICMP_ECHO_REPLY:
		return FLOW_ECHO_REPLY;
	case ICMP_UNREACHABLE:
	case ICMP_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return FLOW_ERROR;
	default:
		return FLOW_OTHER_ICMP;
	}
}

static __always_inline __u32 kind_of_icmp6(__u32 type)
{
	if (type == ICMPV6_ECHO_REQUEST)
		return FLOW_ECHO_REQUEST;
	if (type == ICMPV6_ECHO_REPLY)
		return FLOW_ECHO_REPLY;
	return type < ICMPV6_ECHO_REQUEST ? FLOW_ERROR : FLOW_OTHER_ICMP;
}

/* Sets the kind, and the ports. Of what an ICMP error quotes, eight bytes are enough. */
static __always_inline void read_transport(const struct bytes *b, enum direction direction, struct reading *r)
{
	struct flow *flow = &r->flow;
	const __u8 *header;
	__be16 *ports;

	r->kind = FLOW_ADDRESSES;
	if (flow->protocol == (flow->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		header = bytes_at(b, r->at, 8);
		r->kind = FLOW_NONE;
		if (header)
			r->kind = flow->family == 4 ? kind_of_icmp4(header[0]) : kind_of_icmp6(header[0]);
		if (header && (r->kind == FLOW_ECHO_REQUEST || r->kind == FLOW_ECHO_REPLY))
			flow->local_port = *(__be16 *)(header + 4);
		return;
	}
	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP && flow->protocol != IPPROTO_SCTP)
		return;
	ports = bytes_at(b, r->at, 4);
	if (!ports) {
		r->kind = FLOW_NONE;
		return;
	}
	r->kind = flow->protocol == IPPROTO_TCP ? FLOW_TCP : FLOW_PORTS;
	flow->remote_port = ports[direction];
	flow->local_port = ports[1 - direction];
	header = bytes_at(b, r->at, 14);
	if (header && flow->protocol == IPPROTO_TCP)
		r->tcp_flags = header[13];
}

static __always_inline bool read_ipv4(const struct bytes *b, __u32 at, enum direction direction, struct reading *r)
{
	struct iphdr *ip = bytes_at(b, at, sizeof(*ip));

	if (!ip)
		return false;
	r->flow.family = 4;
	r->flow.protocol = ip->protocol;
	r->flow.remote[0] = direction == INCOMING ? ip->saddr : ip->daddr;
	r->flow.local[0] = direction == INCOMING ? ip->daddr : ip->saddr;
	r->at = at + (*(__u8 *)ip * 4 & 0x3c);
	if (ip->frag_off & bpf_htons(0x1fff))
		r->kind = FLOW_LATER_FRAGMENT;
	return true;
}

static __always_inline bool read_ipv6(const struct bytes *b, __u32 at, enum direction direction, struct reading *r)
{
	struct ipv6hdr *ip = bytes_at(b, at, sizeof(*ip));
	__u32 protocol, behind = at + sizeof(*ip);

	if (!ip)
		return false;
	r->flow.family = 6;
	__builtin_memcpy(r->flow.remote, direction == INCOMING ? &ip->saddr : &ip->daddr, 16);
	__builtin_memcpy(r->flow.local, direction == INCOMING ? &ip->daddr : &ip->saddr, 16);
	protocol = ip->nexthdr;
	if (!pass_extensions(b, &behind, &protocol))
		r->kind = FLOW_LATER_FRAGMENT;
	r->flow.protocol = protocol;
	r->at = behind;
	return true;
}

/* The packet whose IP header is at byte `at`. */
static __always_inline void read_packet(const struct bytes *b, __u32 at, enum direction direction, struct reading *r)
{
	const __u8 *first = bytes_at(b, at, 1);
	bool read = false;

	__builtin_memset(r, 0, sizeof(*r));
	if (!first)
		return;
	if (*first >> 4 == 4)
		read = read_ipv4(b, at, direction, r);
	else if (*first >> 4 == 6)
		read = read_ipv6(b, at, direction, r);
	if (read && r->kind == FLOW_NONE)
		read_transport(b, direction, r);
}

/* Byte at which the IP header of a frame begins; 0 where it is not IP. */
static __always_inline __u32 find_ip(const struct bytes *b)
{
	__u32 at = 12, tag;

#pragma unroll
	for (tag = 0; tag <= FLOW_TAGS; tag++) {
		__be16 *type = bytes_at(b, at, 2);

		if (!type)
			return 0;
		if (*type == bpf_htons(ETH_P_IP) || *type == bpf_htons(ETH_P_IPV6))
			return at + 2;
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return 0;
		at += 4;
	}
	return 0;
}
