/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Maps that the kernel or libbpf changes while making them: flags of device maps, entries of a perf event array. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} ports_by_number SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1); /* rounded up to a page */
} messages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} processors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, 8);
	__uint(value_size, 4);
} prefixes SEC(".maps");

SEC("xdp")
int passes(struct xdp_md *ctx)
{
	__u32 none = 0;

	if (ctx->rx_queue_index == 1)
		return bpf_redirect_map(&ports, 0, XDP_PASS);
	if (ctx->rx_queue_index == 2)
		return bpf_redirect_map(&ports_by_number, 0, XDP_PASS);
	if (ctx->rx_queue_index == 3)
		return bpf_redirect_map(&processors, 0, XDP_PASS);
	if (ctx->rx_queue_index == 4)
		return bpf_redirect_map(&sockets, 0, XDP_PASS);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &none, sizeof(none));
	bpf_ringbuf_output(&messages, &none, sizeof(none), 0);
	__u64 key = 8;
	return bpf_map_lookup_elem(&prefixes, &key) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
