// `npm run test:mutation`: changes the core line by line, and asks the unit tests alone whether they notice. What is not
// noticed is in the report, and wants a test or has to go. `npm run test:mutation -- --mutate 'src/plan/*.ts'` does a part.
export default {
  mutate: ['plan', 'diff', 'journal', 'apply', 'trial', 'pass'].map((room) => `src/${room}/**/*.ts`),
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation.config.ts', related: false },
  coverageAnalysis: 'perTest',
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  // On a busy machine a slow test is no endless loop.
  timeoutMS: 8000,
  timeoutFactor: 4,
  concurrency: 2,
  tempDirName: 'build/mutation',
  incremental: true,
  incrementalFile: 'build/mutation.json',
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { logTests: false, skipFull: true },
  // `break` is for all rooms together; what each has reached is in CONTRIBUTING.md.
  thresholds: { high: 95, low: 85, break: 85 },
};
