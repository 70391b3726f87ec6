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
    // Many polls start a process, or wait for the kernel to let go of something.
    expect: { poll: { timeout: 15_000, interval: 50 } },
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
