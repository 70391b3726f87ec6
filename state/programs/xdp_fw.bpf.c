/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A program of one's own, for the demo's update: drops ICMP like the builtin, and UDP to port 9 (discard) as well.
 * The map icmp_drops is defined as in the builtin, so its count goes on; udp_drops is new.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct counter {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* packets */
};

struct counter icmp_drops SEC(".maps");
struct counter udp_drops SEC(".maps");

static int drop(void *map)
{
	__u32 key = 0;
	__u64 *packets = bpf_map_lookup_elem(map, &key);

	if (packets)
		__sync_fetch_and_add(packets, 1);
	return XDP_DROP;
}

SEC("xdp")
int xdp_fw(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp;

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > end || ip->ihl < 5)
		return XDP_PASS;
	if (ip->protocol == IPPROTO_ICMP)
		return drop(&icmp_drops);
	/* A later fragment carries no UDP header: what stands in its place must not be read as one. */
	if (ip->protocol != IPPROTO_UDP || (ip->frag_off & bpf_htons(0x1fff)))
		return XDP_PASS;
	udp = (void *)ip + ip->ihl * 4;
	if ((void *)(udp + 1) > end || udp->dest != bpf_htons(9))
		return XDP_PASS;
	return drop(&udp_drops);
}

char _license[] SEC("license") = "Dual MIT/GPL";
