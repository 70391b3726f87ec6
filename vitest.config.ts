import { defineConfig } from 'vitest/config';

// Each test makes its own namespaces and bpffs: nothing is shared, and nothing mocked. Two workers: the tests use
// real time, and floods use real processors.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    setupFiles: 'test/setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    // Nothing takes so long, whatever else the machine does: it hangs. How long something takes is for `npm run bench`.
    expect: { poll: { timeout: 60_000, interval: 50 } },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
