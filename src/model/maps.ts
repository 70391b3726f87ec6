// What `maps --output json` prints.

export interface MapEntry {
  /** Formatted through BTF where the map has it, else bytes as hex. */
  key: unknown;
  value: unknown;
}

export interface MapContent {
  interface: string;
  digest: string;
  /** The object file's; of a map that is not pinned (`.bss`, `.data`, `.rodata`) the kernel's: `xdp_fw.bss`. */
  name: string;
  id: number;
  maxEntries: number;
  entries: MapEntry[];
  /** Set instead of entries when the kernel cannot list this type of map. */
  unreadable?: string;
}
