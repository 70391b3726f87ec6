/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A tc program, as a network plugin would have it: it changes nothing. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int observer(struct __sk_buff *skb)
{
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
