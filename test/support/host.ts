// Host files for the scenarios, and what the command line answered.
import { expect } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import type { Lab } from '../lab.js';
import type { Finished } from '../lab/exec.js';

export const ICMP_DROP = '{builtin: icmp-drop}';
export const OWN = '{file: programs/own.bpf.c}';

/** Interface -> its fields in YAML's flow style: `{veth0: 'mode: native, program: {builtin: icmp-drop}'}`. */
export function hostFile(interfaces: Record<string, string>): string {
  const lines = Object.entries(interfaces).map(([name, fields]) => `  "${name}": {${fields}}`);
  const body = lines.length === 0 ? ' {}' : `\n${lines.join('\n')}`;
  return `apiVersion: xdpkeep/v1\nkind: Host\nname: lab\ninterfaces:${body}\n`;
}

export function writeHost(lab: Lab, interfaces: Record<string, string>): void {
  lab.writeState({ 'hosts/lab.yaml': hostFile(interfaces) });
}

/** Drops ICMP over IPv4 like the builtin, with the same map, and has one more map. */
export function ownProgram(marker: string): string {
  return `
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } icmp_drops SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } ${marker} SEC(".maps");
SEC("xdp") int own(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 key = 0;
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_ICMP)
		return XDP_PASS;
	__u64 *drops = bpf_map_lookup_elem(&icmp_drops, &key);
	if (drops) __sync_fetch_and_add(drops, 1);
	drops = bpf_map_lookup_elem(&${marker}, &key);
	if (drops) __sync_fetch_and_add(drops, 1);
	return XDP_DROP;
}
char _license[] SEC("license") = "GPL";
`;
}

/** Runs reconcile and expects this exit code. */
export async function reconcile(lab: Lab, exitCode = 0, ...args: string[]): Promise<Reconciliation> {
  return document(await lab.run(['reconcile', '--output', 'json', ...args]), exitCode);
}

export async function status(lab: Lab): Promise<Status> {
  return document(await lab.run(['status', '--output', 'json']), 0);
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says which document it asked for
export function document<T>(finished: Finished, exitCode: number): T {
  expect(finished, finished.stderr).toMatchObject({ exitCode });
  return JSON.parse(finished.stdout) as T;
}

/** The values of a map of an interface, by key. */
export async function mapValues(lab: Lab, interface_: string, map: string): Promise<unknown[]> {
  const { maps } = document<{ maps: { entries: { value: unknown }[] }[] }>(
    await lab.run(['maps', interface_, map, '--output', 'json']),
    0,
  );
  return maps.flatMap(({ entries }) => entries.map(({ value }) => value));
}
