/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The tap of `xdpkeep capture`: packets that match a filter go into the ring buffer of samples. The capturing process writes the filter
 * and an end, and renews the end while it runs, so that the tap closes by itself when the process dies. Without a capture a packet costs
 * one comparison. The filter here is coarse: it may pass packets that do not match. src/policy/compile/tap.ts makes it.
 */
#pragma once

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "events.h"

#define FAMILY_FOUR 1
#define FAMILY_SIX 2
#define FAMILY_OTHER 4
#define LATER_FRAGMENT 0x1fff

/* Numbers in host order; bounds are inclusive, and cover all values of a field that the filter does not use. */
struct tap {
	__u64 until;    /* end: ns of the coarse clock; 0: no capture */
	__u32 verdicts; /* bit for each enum xdp_action */
	__u32 families; /* FAMILY_* */
	__u64 protocols[4]; /* bit for each */
	struct tap_end {
		__u32 low4, high4;
		__u64 low6, high6; /* of the upper half of an address */
	} source, destination;
	__u16 source_low, source_high, destination_low, destination_high; /* ports */
};

/* In a data section: its address is part of the program, and no map lookup is needed. */
struct tap tap SEC(".data.tap");

static __always_inline __u32 two_bytes(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

static __always_inline __u32 four_bytes(const __u8 *at)
{
	return two_bytes(at) << 16 | two_bytes(at + 2);
}

static __always_inline bool protocol_interests(const struct tap *tap, __u32 protocol)
{
	return tap->protocols[protocol >> 6 & 3] >> (protocol & 63) & 1;
}

static __always_inline bool ports_interest(const struct tap *tap, __u32 protocol, const __u8 *at, const __u8 *end)
{
	__u32 source, destination;

	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP) || at + 4 > end)
		return true;
	source = two_bytes(at);
	destination = two_bytes(at + 2);
	return source >= tap->source_low && source <= tap->source_high && destination >= tap->destination_low &&
	       destination <= tap->destination_high;
}

static __always_inline bool end4_interests(const struct tap_end *bounds, __u32 address)
{
	return address >= bounds->low4 && address <= bounds->high4;
}

static __always_inline bool end6_interests(const struct tap_end *bounds, const __u8 *at)
{
	__u64 address = (__u64)four_bytes(at) << 32 | four_bytes(at + 4);

	return address >= bounds->low6 && address <= bounds->high6;
}

static __always_inline bool four_interests(const struct tap *tap, const __u8 *ip, const __u8 *end)
{
	if (ip + 20 > end)
		return true;
	if (!end4_interests(&tap->source, four_bytes(ip + 12)) || !end4_interests(&tap->destination, four_bytes(ip + 16)) ||
	    !protocol_interests(tap, ip[9]))
		return false;
	return two_bytes(ip + 6) & LATER_FRAGMENT || ports_interest(tap, ip[9], ip + (ip[0] & 15) * 4, end);
}

/* Does not look behind extension headers: such packets pass the filter. */
static __always_inline bool six_interests(const struct tap *tap, const __u8 *ip, const __u8 *end)
{
	if (ip + 40 > end)
		return true;
	if (!end6_interests(&tap->source, ip + 8) || !end6_interests(&tap->destination, ip + 24))
		return false;
	if (ip[6] == IPPROTO_HOPOPTS || ip[6] == IPPROTO_ROUTING || ip[6] == IPPROTO_FRAGMENT || ip[6] == IPPROTO_AH ||
	    ip[6] == IPPROTO_DSTOPTS)
		return true;
	return protocol_interests(tap, ip[6]) && ports_interest(tap, ip[6], ip + 40, end);
}

static __always_inline bool is_vlan(__u32 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

static __always_inline bool interests(const struct tap *tap, const __u8 *frame, const __u8 *end)
{
	const __u8 *ip = frame + ETH_HLEN;
	__u32 type;

	if (ip + 8 > end)
		return true;
	type = two_bytes(frame + 12);
	if (is_vlan(type)) {
		type = two_bytes(ip + 2);
		ip += 4;
		if (is_vlan(type)) {
			type = two_bytes(ip + 2);
			ip += 4;
		}
	}
	if (type == ETH_P_IP)
		return tap->families & FAMILY_FOUR && four_interests(tap, ip, end);
	if (type == ETH_P_IPV6)
		return tap->families & FAMILY_SIX && six_interests(tap, ip, end);
	return tap->families & FAMILY_OTHER;
}

static __noinline int watch(struct xdp_md *ctx, __u32 decision)
{
	__u64 nought = anchor();
	__u32 fate = fate_of(decision);
	__u64 until = *(volatile __u64 *)&tap.until;

	if (until <= bpf_ktime_get_coarse_ns()) {
		/* compare-and-swap, so as not to overwrite an end that was renewed meanwhile */
		__sync_val_compare_and_swap(&tap.until, until, nought);
		return 0;
	}
	if (tap.verdicts >> (fate & 31) & 1 &&
	    (enabled(KEY_NO_ETHERNET) || interests(&tap, (void *)(long)ctx->data, (void *)(long)ctx->data_end)))
		keep_sample(ctx, decision, KEPT_WATCHED);
	return 0;
}

static __always_inline bool is_watched(void)
{
	return *(volatile __u64 *)&tap.until != 0;
}
