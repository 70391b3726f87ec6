import { expect, test } from 'vitest';
import { dumpMap } from '../../src/kernel/bpftool.js';
import { Fd } from '../../src/kernel/fd.js';
import { BpfObject, VerifierError } from '../../src/kernel/object.js';
import { mapInfo } from '../../src/kernel/pinned.js';
import { testRun } from '../../src/kernel/testrun.js';
import type { KernelError } from '../../src/model/errors.js';
import { caught } from '../lab/caught.js';
import { compileProgram, loadIcmpDrop } from '../lab/programs.js';

const FRAME = Buffer.alloc(60);

test('an object lists its maps with their definitions', async () => {
  using object = BpfObject.open(await compileProgram('counter'), 'count_and_mark_packets');
  expect(object.maps()).toEqual([
    {
      name: 'packets',
      type: 2,
      keySize: 4,
      valueSize: 8,
      maxEntries: 1,
      flags: 0,
      internal: false,
      made: true,
    },
    {
      name: 'packets_per_processor',
      type: 6,
      keySize: 4,
      valueSize: 8,
      maxEntries: 1,
      flags: 0,
      internal: false,
      made: true,
    },
    {
      name: 'count_an.rodata',
      type: 2,
      keySize: 4,
      valueSize: 1,
      maxEntries: 1,
      flags: 1152,
      internal: true,
      made: true,
    },
  ]);
});

test('a loaded program runs', () => {
  using object = loadIcmpDrop();
  expect(testRun(object.programFd(), { data: FRAME }).verdict).toBe(2);
});

test('what the verifier says comes with the error', async () => {
  using object = BpfObject.open(await compileProgram('rejected'), 'reads_beyond');
  const refusal = caught(() => {
    object.load();
  });
  expect(refusal).toBeInstanceOf(VerifierError);
  expect(refusal).toMatchObject({ message: expect.stringMatching(/^load reads_beyond: .*EACCES/) as string });
  expect((refusal as VerifierError).log).toMatch(
    /invalid access to packet.*\n.*R\d offset is outside of the packet/,
  );
});

test('what libbpf says about a load that fails comes with the error, whole, and names the cause', async () => {
  using object = BpfObject.open(await compileProgram('broken'), 'looks_up');
  const refusal = caught(() => {
    object.load();
  });
  expect(refusal).toMatchObject({
    name: 'KernelError',
    code: 'EINVAL',
    message: "load looks_up: map 'preallocated': failed to create: Invalid argument(-22) (EINVAL)",
    hint: 'Change what libbpf names, then build the program again.',
  });
  expect((refusal as KernelError).log?.split('\n')).toEqual([
    expect.stringMatching(/^libbpf: .*Retrying without BTF\.$/),
    "libbpf: map 'preallocated': failed to create: Invalid argument(-22)",
    "libbpf: failed to load object 'looks_up'",
  ]);
});

test('what libbpf says about an object that it does not open is in the error', async () => {
  const bytes = await compileProgram('undefined_field');
  expect(caught(() => BpfObject.open(bytes, 'looks_up'))).toMatchObject({
    name: 'ProgramError',
    message: "not a usable BPF object: map 'coloured': unknown field 'colour'.",
    log: "libbpf: map 'coloured': unknown field 'colour'.",
  });
});

test.each([
  ['text', Buffer.from('not an ELF file')],
  ['nothing', Buffer.alloc(0)],
  ['half an object', undefined],
])('%s is no object', async (_, bytes) => {
  const whole = await compileProgram('counter');
  const open = () => BpfObject.open(bytes ?? whole.subarray(0, whole.length / 2), 'count_and_mark_packets');
  expect(caught(open)).toMatchObject({ name: 'ProgramError', exitCode: 65 });
});

test('a function that the object does not have is named', async () => {
  using object = BpfObject.open(await compileProgram('counter'), 'absent');
  expect(caught(() => object.programFd())).toMatchObject({ message: 'the object has no function absent' });
});

test('a reused map keeps its content under the new program', async () => {
  const bytes = await compileProgram('counter');
  using old = BpfObject.open(bytes, 'count_and_mark_packets');
  old.load();
  testRun(old.programFd(), { data: FRAME, repeat: 5 });

  const packets = new Fd(old.mapFd('packets'));
  const before = mapInfo(packets).id;
  using next = BpfObject.open(bytes, 'count_and_mark_packets');
  next.reuseMap('packets', packets);
  next.load();
  testRun(next.programFd(), { data: FRAME, repeat: 2 });

  const reused = new Fd(next.mapFd('packets'));
  expect(mapInfo(reused).id).toBe(before);
  expect(await dumpMap(before)).toMatchObject([{ formatted: { key: 0, value: 7 } }]);
});

test('a reused map is found by its full name, of which the kernel keeps 15 characters', async () => {
  const bytes = await compileProgram('counter');
  using old = BpfObject.open(bytes, 'count_and_mark_packets');
  old.load();
  const map = new Fd(old.mapFd('packets_per_processor'));
  using next = BpfObject.open(bytes, 'count_and_mark_packets');
  next.reuseMap('packets_per_processor', map);
  next.load();
  const reused = new Fd(next.mapFd('packets_per_processor'));
  expect(mapInfo(reused).id).toBe(mapInfo(map).id);
});
