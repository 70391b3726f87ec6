/** A place in a state file. Lines and columns start at 1; `file` is relative to the state directory. */
export interface Position {
  file: string;
  line: number;
  column: number;
}
