// What `maps --output json` prints.

export interface MapEntry {
  /** Formatted through BTF where the map has it, else bytes as hex. */
  key: unknown;
  value: unknown;
}

export interface MapContent {
  interface: string;
  digest: string;
  name: string;
  id: number;
  maxEntries: number;
  entries: MapEntry[];
  /** Set instead of entries when the kernel cannot list this type of map. */
  unreadable?: string;
}
