/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/ip.h>

/* Of a header without options, whose source was written anew. */
static __always_inline void sum_up(struct iphdr *ip)
{
	__u16 *word = (void *)ip;
	__u32 sum = 0, at;

	ip->check = 0;
	for (at = 0; at < sizeof(*ip) / 2; at++)
		sum += word[at];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
}
