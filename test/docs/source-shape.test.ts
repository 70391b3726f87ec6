// needs: time
import { beforeAll, expect, test } from 'vitest';
import { exportedFunctions } from '../support/named-inputs.js';
import { type SourceProgram, sourceProgram } from '../support/source-program.js';
import { walk } from '../support/walk.js';

let program: SourceProgram;
beforeAll(() => {
  program = sourceProgram();
});

test('no exported function asks for more than seven inputs by name', () => {
  const over = exportedFunctions(program).filter(({ inputs }) => inputs > 7);
  expect(over.map(({ name, inputs }) => `${name}: ${inputs}`).sort()).toEqual([]);
});

test('who reads how a pass converges, two steps deep, opens at most 35 files', () => {
  const files = walk(program, 'src/pass/reconcile.ts', 'converge', 2);
  expect(files.length, files.join('\n')).toBeLessThanOrEqual(35);
});
