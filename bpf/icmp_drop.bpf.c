/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The article's firewall: ICMP over IPv4 is counted in icmp_drops and dropped, all else passes.
 * Every header is checked against data_end before it is read. A packet too short for its header
 * cannot be ICMP as far as anyone can tell, and passes.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* packets */
} icmp_drops SEC(".maps");

SEC("xdp")
int icmp_drop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip;
	__u64 *drops;
	__u32 key = 0;

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_ICMP)
		return XDP_PASS;
	drops = bpf_map_lookup_elem(&icmp_drops, &key);
	if (drops)
		__sync_fetch_and_add(drops, 1); /* queues of several CPUs count into one cell */
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
