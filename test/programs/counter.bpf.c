/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counts packets in maps of several kinds, marks the frame and passes it. The name is longer than the 15 characters
 * that the kernel keeps. `other` is a second program of the same object, which nobody asked to load.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} packets_per_processor SEC(".maps");

const volatile __u8 mark = 0xaa;

SEC("xdp")
int count_and_mark_packets(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&packets, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	count = bpf_map_lookup_elem(&packets_per_processor, &key);
	if (count)
		*count += 1;
	if (data + 1 <= (__u8 *)(long)ctx->data_end)
		*data = mark;
	return XDP_PASS;
}

SEC("xdp")
int other(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
