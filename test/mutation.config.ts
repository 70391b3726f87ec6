// What stryker runs for each change that it makes: the unit tests of the rooms that it changes.
import { defineConfig } from 'vitest/config';
import { unit } from '../vitest.config.js';

const ROOMS = /^test\/(plan|diff|verify|journal|apply|trial|pass|fakes)\//;

export default defineConfig({
  test: {
    ...unit,
    include: unit.include.filter((file) => ROOMS.test(file)),
    testTimeout: 60_000,
    env: { ...unit.env, XDPKEEP_TEST_BUDGET: '0.1' },
  },
});
