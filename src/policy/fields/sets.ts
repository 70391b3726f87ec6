// The dimension `sets`: one bit for each large set that contains an address of the packet. Not a field of a match: large-sets.ts derives
// it from `source` and `destination`.
import { MOST_SETS } from '../../model/tables.js';
import { isIp, numberDimension } from './number-dimension.js';

export const sets = numberDimension({
  values: 1 << MOST_SETS,
  isIn: isIp,
  ranges: (match) => match.sets,
  describe: () => ({}),
});
