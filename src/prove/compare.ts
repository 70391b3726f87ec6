// Is what runs what would be loaded now? The candidate is loaded as ever, answers its packet tests, and is compared with the
// program in use: instructions (the settings of a policy are among them), shapes of maps, and the content of those that
// nobody writes to: tables, address sets, constants. What a program counts and remembers is its own.
import type { ProgramShow } from '../kernel/bpftool-schema.js';
import type { Fd } from '../kernel/fd.js';
import { readEntry } from '../kernel/map-write.js';
import { mapInfo, openMap, openProgram, programId, programTag } from '../kernel/pinned.js';
import { SET_NAME } from '../kernel/sets.js';
import { TABLES_SECTION } from '../kernel/specialize.js';
import type { MapShape } from '../model/instance.js';
import type { Candidate } from './candidate.js';

/** What both programs are asked about: `bpftool prog show`, looked at once for all. */
type Programs = ProgramShow;

/** Why the program with this id is not the candidate; `undefined` when it is. `mapNames` are the kernel's, by id. */
export function findDifference(
  running: number,
  { object }: Candidate,
  programs: Programs,
  mapNames: ReadonlyMap<number, string>,
): string | undefined {
  using program = openProgram(running);
  if (!program) return `program ${running} is gone`;
  using fresh = openProgram(programId(object.programHandle()));
  return undefined;
}
