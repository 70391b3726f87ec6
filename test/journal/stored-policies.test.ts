import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { Journal } from '../../src/journal/journal.js';
import { generationState } from '../../src/journal/generation-state.js';
import { recordedPolicy } from '../../src/journal/running.js';
import type { DesiredState } from '../../src/model/desired.js';
import { EXIT } from '../../src/model/errors.js';
import { policy, rule } from '../policy/policy.js';
import { attachStep, desiredState, errorOf, locked, temporaryFolder } from './support.js';

const firewall = {
  policy: policy([rule('no-ssh', { destinationPort: [{ from: 22, to: 22 }] }, 'drop')]),
  protections: [],
};

function filtered(digest: string): DesiredState {
  const state = desiredState(digest);
  const interfaces = ['veth0', 'veth1'].flatMap((pattern) =>
    state.interfaces.map((one) => ({
      ...one,
      pattern,
      program: { ...one.program, origin: 'policy' as const, firewall },
    })),
  );
  return { ...state, interfaces };
}

async function keep(dataDir: string, ...digests: string[]): Promise<string> {
  for (const digest of digests) {
    await locked(dataDir, (lock) =>
      writeGeneration(lock, { origin: 'reconcile', desired: filtered(digest) }),
    );
  }
  return join(
    dataDir,
    'objects',
    readdirSync(join(dataDir, 'objects')).find((name) => name.endsWith('.policy')) ?? '',
  );
}

test('a policy is kept once, however many generations and interfaces want it', async () => {
  const dataDir = temporaryFolder();
  await keep(dataDir, 'd1', 'd2');
  expect(readdirSync(join(dataDir, 'objects')).filter((name) => name.includes('.'))).toEqual([
    expect.stringMatching(/^[0-9a-f]{64}\.policy$/),
  ]);
  for (const number of [1, 2]) {
    expect(readFileSync(join(dataDir, `generations/${number}/generation.json`), 'utf8')).not.toContain(
      'no-ssh',
    );
    expect(generationState(dataDir, number, '')).toEqual(filtered(`d${number}`));
  }
  expect(recordedPolicy(dataDir, 'new')).toEqual(firewall);
  expect(recordedPolicy(dataDir, 'other')).toBeUndefined();
});

test('a kept policy that was changed or is gone is an error, and a new generation heals it', async () => {
  const dataDir = temporaryFolder();
  const file = await keep(dataDir, 'd1');
  writeFileSync(file, readFileSync(file, 'utf8').replace('drop', 'pass'));
  const error = await errorOf(() => generationState(dataDir, 1, ''));
  expect(error).toMatchObject({
    exitCode: EXIT.journal,
    message: `the object ${file} is not what was written`,
  });
  await keep(dataDir, 'd2');
  expect(generationState(dataDir, 1, '')).toEqual(filtered('d1'));
});

test('a line of the journal does not repeat the policy', async () => {
  const dataDir = temporaryFolder();
  const step = attachStep();
  const [wanted] = filtered('d1').interfaces;
  const program = wanted?.program;
  if (!program) throw new Error('no program');
  const written = await locked(dataDir, (lock) =>
    Journal.open(lock).append({
      generation: 1,
      phase: 'intent',
      step: { ...step, instance: { ...step.instance, program } },
    }),
  );
  const kept: Partial<typeof program> = { ...program };
  delete kept.firewall;
  expect(written.step).toEqual({ ...step, instance: { ...step.instance, program: kept } });
  expect(readFileSync(join(dataDir, 'journal.ndjson'), 'utf8')).not.toContain('no-ssh');
});
