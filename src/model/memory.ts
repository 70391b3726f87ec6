// What `status --memory` says of the kernel's memory. Bytes, as bpftool says them (bytes_memlock): what the kernel has
// allocated for a program's code or a map's entries, for all CPUs.

export interface MemoryReport {
  interfaces: InterfaceMemory[];
  /** What is held once for several interfaces, for the host, or for none any more. */
  shared: SharedMemory[];
  /** Everything of ours, each map once. */
  total: number;
}

/** Of all instances that are pinned for an interface: beside the running one, those that are kept for going back. */
interface InterfaceMemory {
  name: string;
  programs: number;
  /** Maps that nobody else holds. */
  maps: number;
  /** Maps that it holds with others; in `MemoryReport.shared` as well. */
  shared: number;
}

export interface SharedMemory {
  /** Of the list, for a large one; `opened connections` of a table of the host; else the kernel's name of the map. */
  name: string;
  mapId: number;
  bytes: number;
  interfaces: string[];
}
