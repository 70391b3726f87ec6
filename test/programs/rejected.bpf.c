/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Reads the packet without asking how long it is: the verifier must refuse it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int reads_beyond(struct xdp_md *ctx)
{
	return *(int *)(long)ctx->data;
}

char _license[] SEC("license") = "Dual MIT/GPL";
