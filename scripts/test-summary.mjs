// Reads reports of vitest's JSON reporter and says how it went, all together. What was skipped did not pass; a run without
// a test or a report is a failure; a file that could not be read as tests is one.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, 'utf8');
  const report = text === '' ? { numTotalTests: 0, numPassedTests: 0, testResults: [] } : JSON.parse(text);
  const unreadable = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const skipped = report.testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed');

  for (const file of unreadable) console.log(`not run: ${file.name}`);
  for (const test of skipped) console.log(`skipped: ${test.fullName}`);
  passed += report.numPassedTests;
  failed += report.numTotalTests - report.numPassedTests + unreadable.length;
  if (report.numTotalTests > 0 || unreadable.length > 0) continue;
  console.log('no test was run');
  failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
