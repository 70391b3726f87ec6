/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Headers -> the flow that they belong to, seen from this host: who is the other end, and which ports. Headers are read once more
 * for this, and only where a connection matters: packets that earlier rules decide do not pay for it. Reads the same headers as
 * the parser (packet.h), of packets that it found whole; what cannot be read is no flow. Also reads what an ICMP error quotes,
 * and what leaves (egress.bpf.c).
 */
#pragma once

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "extensions.h"

#define FLOW_TAGS 2 /* VLAN_TAGS of packet.h, which the recorder does not include */
#define NOT_IP 0xffff

/* The key of the tables of connections, and of that of datagrams in fragments. What a flow lacks is 0. */
struct flow {
	__be32 remote[4], local[4]; /* IPv4: the first word */
	union {
		struct {
			__be16 remote_port, local_port; /* of ICMP echo 0 and the identifier */
		};
		__be32 datagram; /* of IPv4 in the first half */
	};
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

enum direction { INCOMING, OUTGOING };

struct reading {
	struct flow flow;
	__be32 datagram; /* identification of what a fragment is of */
	__u16 at; /* byte of the frame: of the IP header before, of the transport header after */
	__u8 direction, kind, tcp_flags;
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
#define TCP_URG 0x20

/* `size` bytes at `at`, or nothing. */
static __always_inline void *bytes_at(FRAME *ctx, __u32 at, __u32 size)
{
	void *start;

	at &= MAX_HEADERS;
	barrier_var(at);
	start = (void *)(long)ctx->data + at;
	return start + size <= (void *)(long)ctx->data_end ? start : 0;
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

/* Of what an ICMP error quotes, eight bytes are enough. */
static __always_inline __u32 read_transport(FRAME *ctx, struct reading *r)
{
	__u32 at = FORGET(r->at), direction = r->direction & 1, protocol = r->flow.protocol;
	const __u8 *header;
	__be16 *ports, from, to;
	__u32 kind;

	if (protocol == (r->flow.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		header = bytes_at(ctx, at, 8);
		if (!header)
			return FLOW_NONE;
		kind = r->flow.family == 4 ? kind_of_icmp4(header[0]) : kind_of_icmp6(header[0]);
		if (kind == FLOW_ECHO_REQUEST || kind == FLOW_ECHO_REPLY)
			r->flow.local_port = *(__be16 *)(header + 4);
		return kind;
	}
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return FLOW_ADDRESSES;
	ports = bytes_at(ctx, at, 4);
	if (!ports)
		return FLOW_NONE;
	from = ports[0];
	to = ports[1];
	barrier_var(from); /* numbers from here on: clang would count to them from `direction`, which Linux 6.1 does not follow */
	barrier_var(to);
	r->flow.remote_port = direction == INCOMING ? from : to;
	r->flow.local_port = direction == INCOMING ? to : from;
	if (protocol != IPPROTO_TCP)
		return FLOW_PORTS;
	header = bytes_at(ctx, at, 14);
	if (header)
		r->tcp_flags = header[13];
	return FLOW_TCP;
}

/* What is behind the IP header at r->at: 0 where nothing can be read. */
static __always_inline bool read_ipv4(FRAME *ctx, struct reading *r)
{
	struct iphdr *ip = bytes_at(ctx, FORGET(r->at), sizeof(*ip));

	if (!ip)
		return false;
	r->flow.family = 4;
	r->flow.protocol = ip->protocol;
	r->flow.remote[0] = r->direction == INCOMING ? ip->saddr : ip->daddr;
	r->flow.local[0] = r->direction == INCOMING ? ip->daddr : ip->saddr;
	r->datagram = ip->id;
	if (ip->frag_off & bpf_htons(0x1fff))
		r->kind = FLOW_LATER_FRAGMENT;
	FORGET(r->at) = FORGET(r->at) + (*(__u8 *)ip * 4 & 0x3c);
	return true;
}

static __always_inline bool read_ipv6(FRAME *ctx, struct reading *r)
{
	struct ipv6hdr *ip = bytes_at(ctx, FORGET(r->at), sizeof(*ip));
	struct walk walk;

	if (!ip)
		return false;
	r->flow.family = 6;
	__builtin_memcpy(r->flow.remote, r->direction == INCOMING ? &ip->saddr : &ip->daddr, 16);
	__builtin_memcpy(r->flow.local, r->direction == INCOMING ? &ip->daddr : &ip->saddr, 16);
	walk = (struct walk){.at = FORGET(r->at) + sizeof(*ip), .left = MAX_HEADERS, .protocol = ip->nexthdr};
	if (is_extension(walk.protocol) && !walk_extensions(ctx, &walk))
		return false;
	if (FORGET(walk.fragment) == FRAGMENT_LATER)
		r->kind = FLOW_LATER_FRAGMENT;
	r->datagram = FORGET(walk.id);
	r->flow.protocol = FORGET(walk.protocol);
	FORGET(r->at) = FORGET(walk.at);
	return true;
}

/*
 * Reads the packet whose IP header is at r->at, as one that goes in r->direction. A function of its own for the verifier: it is
 * looked at once, and not once for all that may have happened before.
 */
__noinline int read_flow(FRAME *ctx, struct reading *r)
{
	const __u8 *first;
	bool read = false;

	if (!r)
		return 0;
	first = bytes_at(ctx, FORGET(r->at), 1);
	r->kind = FLOW_NONE;
	if (first && *first >> 4 == 4)
		read = read_ipv4(ctx, r);
	else if (first && *first >> 4 == 6)
		read = read_ipv6(ctx, r);
	if (read && r->kind == FLOW_NONE)
		r->kind = read_transport(ctx, r);
	return r->kind;
}

/*
 * Names what a fragment is of, in place of its flow: in IPv4 by protocol as well (RFC 791), in IPv6, where each fragment may say
 * another one, by addresses and identification alone (RFC 8200, 4.5).
 */
static __always_inline void name_datagram(struct reading *r)
{
	r->flow.datagram = r->datagram;
	if (r->flow.family != 4)
		r->flow.protocol = 0;
}

/* Byte at which the IP header of an Ethernet frame begins; NOT_IP where there is none. */
static __always_inline __u32 find_ip(FRAME *ctx)
{
	__u32 at = 12, tag;

#pragma unroll
	for (tag = 0; tag <= FLOW_TAGS; tag++) {
		__be16 *type = bytes_at(ctx, at, 2);

		if (!type)
			return NOT_IP;
		if (*type == bpf_htons(ETH_P_IP) || *type == bpf_htons(ETH_P_IPV6))
			return at + 2;
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return NOT_IP;
		at += 4;
	}
	return NOT_IP;
}
