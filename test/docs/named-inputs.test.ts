// needs: time
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { exportedFunctions } from '../support/named-inputs.js';

const MOST = 7;

test('no exported function asks for more than seven inputs by name', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
  const functions = exportedFunctions(root);
  const over = functions.filter(({ inputs }) => inputs > MOST);
  expect(over.map(({ name, inputs }) => `${name}: ${inputs}`).sort()).toEqual([]);
});
