// An instance is one loaded program with its maps. Its digest says what it is made of, so that two runs, or two
// hosts, that want the same thing give it the same name.

/** Definition of a map as the object file gives it. Two maps of one definition can hold each other's content. */
export interface MapDefinition {
  name: string;
  /** enum bpf_map_type, uapi/linux/bpf.h. */
  type: number;
  /** Bytes. */
  keySize: number;
  /** Bytes. */
  valueSize: number;
  maxEntries: number;
  /** Kernel flags: BPF_F_*. */
  flags: number;
  /** `.rodata`, `.data`, `.bss`: made by the compiler, never carried over. */
  internal: boolean;
}
