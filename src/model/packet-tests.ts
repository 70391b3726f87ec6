// What `xdpkeep test --output json` prints.
import type { Ending } from './policy.js';
import type { Position } from './position.js';

export interface TestOutcome {
  policy: string;
  name: string;
  passed: boolean;
  /** `rule` is absent when any may decide. */
  expected: { verdict: Ending['kind']; rule?: string };
  got: { verdict: Ending['kind']; rule: string };
  /** The kernel was asked about the others, and takes no packet so long. */
  decidedBy?: 'reference';
  at: Position;
}

export interface TestReport {
  apiVersion: 'xdpkeep/v1';
  kind: 'TestReport';
  /** Whose protected flows were tested; absent when the state directory has no file for this machine. */
  host?: string;
  /** `reference`: nobody asked the kernel, since this process may not load programs. */
  decidedBy: 'kernel' | 'reference';
  policies: string[];
  failed: number;
  tests: TestOutcome[];
  warnings: string[];
}
