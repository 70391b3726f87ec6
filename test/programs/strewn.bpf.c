/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Asks a program about one source after the other, in turn: all CPUs that run this share the turn. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct turn {
	__u64 next;
	__u64 sources;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct turn);
} turns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} subject SEC(".maps");

SEC("xdp")
int strewn(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	__u32 zero = 0;
	struct turn *turn = bpf_map_lookup_elem(&turns, &zero);

	if (!turn || !turn->sources || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	ip->saddr = bpf_htonl(0x0a000000 + __sync_fetch_and_add(&turn->next, 1) % turn->sources);
	bpf_tail_call(ctx, &subject, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
