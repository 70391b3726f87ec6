// Whether conntrack follows the packets of this network namespace. It does once some rule asks it to, of which few kernels tell
// (CONFIG_NETFILTER_NETLINK_HOOK is rare): what it counts is what everybody can see (nf_conntrack-sysctl.rst).
import { readFileSync } from 'node:fs';

const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';

/** Flows that it knows; `undefined` where this kernel has no conntrack, or its module is not loaded. */
export function conntrackFlows(): number | undefined {
  try {
    return Number(readFileSync(COUNT, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
