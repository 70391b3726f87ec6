// Which of the large sets hold the addresses of a packet: one bit each. No field of a match: large-sets.ts makes it of them.
import { MOST_SETS } from '../../model/tables.js';
import { isIp, numberDimension } from './number-dimension.js';

export const sets = numberDimension({
  values: 1 << MOST_SETS,
  isIn: isIp,
  ranges: (match) => match.sets,
  describe: () => ({}),
});
