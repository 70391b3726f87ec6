// An interface has one name by which the kernel reports it, and may have others (`ip link property add dev X altname Y`). No
// two interfaces of a namespace share any. Files and operators may use each; pins and reports have the first.

/** Bytes, ALTIFNAMSIZ - 1 of uapi/linux/if.h. */
export const LONGEST_ALTNAME = 127;

export interface Named {
  name: string;
  /** Absent where it has none. */
  altnames?: readonly string[];
}

export function goesBy({ name, altnames }: Named, asked: string): boolean {
  return name === asked || altnames?.includes(asked) === true;
}
