/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Hands every packet to the second of its programs, which the object itself puts into the program array. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int drops(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values = {[1] = (void *)&drops},
};

SEC("xdp")
int dispatches(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &stages, 1);
	return XDP_ABORTED;
}

SEC("xdp")
int drops(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("tc")
int not_xdp(struct __sk_buff *skb)
{
	return *(int *)(long)skb->data; /* the verifier would refuse it: it must not be loaded */
}

char _license[] SEC("license") = "Dual MIT/GPL";
