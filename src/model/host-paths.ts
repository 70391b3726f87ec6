// Where a host keeps what is ours.

export interface HostPaths {
  /** The mount of a bpffs. */
  bpffs: string;
  dataDir: string;
}
