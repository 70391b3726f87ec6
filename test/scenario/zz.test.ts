// needs: lab
import { it } from 'vitest';
import { createLab } from '../lab.js';
import { writePolicy } from '../support/policies.js';
import { WIDE_RULES } from '../qemu/wide.js';
it.each([0, 1])('x %i', async (connected) => {
  await using lab = await createLab();
  writePolicy(lab, { default: 'drop', nonIp: 'match', rules: [...WIDE_RULES, { name: 'seen', match: {protocol: 'tcp'}, action: 'count', log: {oneIn: 1} }, ...(connected ? [{ name: 'answers', match: { connection: 'established' }, action: 'pass' }] : []), { name: 'rest', match: {}, action: 'reject' }] });
  const r = await lab.run(['reconcile']);
  console.log(r.exitCode, r.stdout.slice(-1500), r.stderr.slice(-1500));
});
