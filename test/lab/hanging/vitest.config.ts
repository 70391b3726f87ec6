import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/lab/hanging/hangs.ts'],
    globalSetup: 'test/global-setup.ts',
    setupFiles: 'test/setup.ts',
    pool: 'forks',
    testTimeout: 20_000,
  },
});
