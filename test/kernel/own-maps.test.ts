// What the maps of a program may ask of libbpf, and what becomes of it in our hands.
import { existsSync, rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { BpfObject } from '../../src/kernel/object.js';
import { testRun } from '../../src/kernel/testrun.js';
import { compileProgram } from '../lab/programs.js';

const XDP_DROP = 1;

test('a map that asks to be pinned by name is made, and pinned nowhere', async () => {
  const pin = '/sys/fs/bpf/xdpkeep_test_pinned_by_name';
  onTestFinished(() => {
    rmSync(pin, { force: true });
  });
  using object = BpfObject.open(await compileProgram('pinned_by_name'), 'counts');
  object.load();
  expect(object.mapFd('xdpkeep_test_pinned_by_name')).toBeGreaterThan(0);
  expect(existsSync(pin)).toBe(false);
});

test('a program array is filled with the other programs of the object', async () => {
  using object = BpfObject.open(await compileProgram('tail_call'), 'dispatches');
  object.load();
  expect(testRun(object.programFd(), { data: Buffer.alloc(60) }).verdict).toBe(XDP_DROP);
});
