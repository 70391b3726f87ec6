/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Its map asks libbpf to pin it at /sys/fs/bpf/xdpkeep_test_pinned_by_name. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} xdpkeep_test_pinned_by_name SEC(".maps");

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&xdpkeep_test_pinned_by_name, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
