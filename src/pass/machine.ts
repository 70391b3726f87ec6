// What a pass asks of its machine beside the pins: is the bpffs there, what does the kernel say of programs that are not attached
// yet, who must stay reachable, who is there at a deadline. A port, so that the phases of a pass can be run on a machine that is
// made up (test/fakes/); a host that is opened has the real one.
import { ensureMounted } from '../kernel/bpffs.js';
import { armDeadline } from '../kernel/deadline.js';
import { hidesTags } from '../kernel/device.js';
import { askNativeOutlook } from '../kernel/native-outlook.js';
import { findDifferences } from '../prove/compare.js';
import { retestPolicy } from '../prove/policy.js';
import { inspect, programTakesFrags, prove } from '../prove/prove.js';
import { proveLayers } from '../prove/test-alone.js';
import { guardAgainstLockout } from '../reach/lockout-guard.js';
import { connectionSource } from './conntrack.js';
import { warnOfPressure } from './count-connections.js';
import { rebaseTotals } from './totals.js';

/** Where each function is, is said what it does, and which errors it throws. */
export const MACHINE = {
  ensureMounted,
  armDeadline,
  inspect,
  programTakesFrags,
  askNativeOutlook,
  hidesTags,
  prove,
  retestPolicy,
  proveLayers,
  findDifferences,
  guardAgainstLockout,
  rebaseTotals,
  warnOfPressure,
  connectionSource,
};

export type Machine = Readonly<typeof MACHINE>;
