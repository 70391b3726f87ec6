// Network interfaces of the namespace of this process. sysfs is no source: it shows the namespace that it was mounted from.
import { statSync } from 'node:fs';
import koffi from 'koffi';
import { callFailed, lastErrno, libc } from './ffi.js';

export interface NetworkInterface {
  name: string;
  ifindex: number;
}

/** By ifindex, ascending. */
export function listInterfaces(): NetworkInterface[] {
  const entries = libc().ifNameIndex();
  if (entries === null) throw callFailed('if_nameindex', lastErrno());
  try {
    return [...decodeEntries(entries)].sort((a, b) => a.ifindex - b.ifindex);
  } finally {
    libc().ifFreeNameIndex(entries);
  }
}

/** struct if_nameindex { unsigned int if_index; char *if_name; }, net/if.h; the last one has index 0. */
function* decodeEntries(entries: unknown): Generator<NetworkInterface> {
  const size = koffi.sizeof('xk_if_entry');
  for (let offset = 0; ; offset += size) {
    const entry = koffi.decode(entries, offset, 'xk_if_entry') as { if_index: number; if_name: string };
    if (entry.if_index === 0) return;
    yield { name: entry.if_name, ifindex: entry.if_index };
  }
}

/** Inode of the network namespace of this process; unique among the namespaces that exist. */
export function netnsInode(): number {
  return statSync('/proc/self/ns/net').ino;
}
