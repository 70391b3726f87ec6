import { defineConfig } from 'vitest/config';

// Each test makes its own namespaces and bpffs: nothing is shared, and nothing mocked. Two workers: the tests use
// real time, and floods use real processors.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
