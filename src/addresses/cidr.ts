// One network, as state files, lists and blocks name it.

/**
 * A network. The address is four big-endian 32-bit words, most significant first; IPv4 uses only `a`, the others
 * are 0. Host bits are zero: the loader refuses them.
 */
export interface Cidr {
  family: 4 | 6;
  a: number;
  b: number;
  c: number;
  d: number;
  /** Prefix length, 0 to 32 or 128. */
  length: number;
}
