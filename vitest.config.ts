import { defineConfig } from 'vitest/config';
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
};

// Each test in the lab makes its own namespaces and bpffs: nothing is shared, and nothing mocked. Two workers: the tests use
// real time, and floods use real processors.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Nothing takes so long, whatever else the machine does: it hangs. How long something takes is for `npm run bench`.
    expect: { poll: { timeout: 60_000, interval: 50 } },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    projects: [
      { extends: true, test: unit },
      {
        extends: true,
        test: {
          name: 'long',
          include: files((needs) => needs.length > 0 && !needs.includes('lab')),
          setupFiles: 'test/setup.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: files((needs) => needs.includes('lab')),
          globalSetup: 'test/global-setup.ts',
          setupFiles: 'test/setup.ts',
        },
      },
    ],
  },
});
