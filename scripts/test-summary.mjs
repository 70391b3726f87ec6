// Reads the report of vitest's JSON reporter and says how it went. What was skipped did not pass; nothing run is a
// failure as well; a file that could not be read as tests is one.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const report = text === '' ? { numTotalTests: 0, numPassedTests: 0, testResults: [] } : JSON.parse(text);
const unreadable = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
);
const skipped = report.testResults
  .flatMap((file) => file.assertionResults)
  .filter(({ status }) => status !== 'passed' && status !== 'failed');

for (const file of unreadable) console.log(`not run: ${file.name}`);
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
if (report.numTotalTests === 0) console.log('no test was run');

const failed = report.numTotalTests - report.numPassedTests + unreadable.length;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed > 0 || report.numTotalTests === 0 ? 1 : 0;
