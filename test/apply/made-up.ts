// What tests of single effects share: a kernel that is made up with two interfaces, instances on it, and errors as values.
import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { pinInstance } from '../../src/apply/effects.js';
import { FakeHost } from '../fakes/host.js';
import type { FakeKernel } from '../fakes/kernel.js';

/** What was planned with is gone. */
export const VANISHED = {
  code: 'ENOENT',
  hint: expect.stringContaining('Run reconcile again') as string,
};

/** `a` (2), and `old` (3), whose driver takes no program. */
export function makeKernel(): FakeKernel {
  const { kernel } = new FakeHost();
  kernel.addInterface('a', 2);
  kernel.addInterface('old', 3, true);
  return kernel;
}

/** Loads and pins an instance; the id of its program. */
export function pinnedInstance(
  kernel: FakeKernel,
  digest: string,
  name = 'a',
  maps = [{ name: 'm' }],
): number {
  using object = kernel.load(digest, maps);
  pinInstance(kernel.pins, name, digest, { object });
  return object.id;
}

/** What was thrown; `undefined` where nothing was. */
export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Names in a folder; `undefined` where there is none. */
export function entries(path: string): string[] | undefined {
  return existsSync(path) ? readdirSync(path).sort() : undefined;
}
