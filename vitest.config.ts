import { defineConfig } from 'vitest/config';
import { existsSync } from 'node:fs';
import { needsOf, testFiles } from './scripts/test/needs.mjs';

/** The test files whose needs are so. */
function files(fits: (needs: string[]) => boolean): string[] {
  return testFiles().filter((file) => fits(needsOf(file)));
}

/** What `npm run test:unit` runs: nothing but npm packages is needed, and no file spoils the modules of another. */
export const unit = {
  name: 'unit',
  include: files((needs) => needs.length === 0),
  setupFiles: 'test/unit-setup.ts',
  isolate: false,
  // What state files, records and locks are written to. Each of thousands of them is synced, which a disk takes its time for: what
  // disks do is for the tests that need file systems of their own.
  env: existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {},
};

/** Tests of whole commands; those of whole machines. All others in the lab are of one module and the kernel. */
const SCENARIO = /^test\/(scenario|cli|docs|page)\//;
const SYSTEM = /^test\/(system|qemu|bench)\//;

function inLab(name: string, fits: (file: string) => boolean, testTimeout: number) {
  const include = files((needs) => needs.includes('lab')).filter(fits);
  const setup = { globalSetup: 'test/global-setup.ts', setupFiles: 'test/setup.ts' };
  return { extends: true as const, test: { name, include, testTimeout, ...setup } };
}

// Each test in the lab makes its own namespaces and bpffs: nothing is shared, and nothing mocked. Three workers: the tests
// use real time, and one that waits leaves its processor to another.
// Nothing takes as long as the limits, whatever else the machine does: it hangs. How long something takes is for
// `npm run bench`. Limits are those of the kind: a test has one of its own only where it is a long one of its kind.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    expect: { poll: { timeout: 60_000, interval: 50 } },
    hookTimeout: 300_000,
    projects: [
      { extends: true, test: { ...unit, testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'long',
          include: files((needs) => needs.length > 0 && !needs.includes('lab')),
          setupFiles: 'test/setup.ts',
          testTimeout: 180_000,
        },
      },
      inLab('lab', (file) => !SCENARIO.test(file) && !SYSTEM.test(file), 180_000),
      inLab('scenario', (file) => SCENARIO.test(file), 300_000),
      inLab('system', (file) => SYSTEM.test(file), 900_000),
    ],
  },
});
