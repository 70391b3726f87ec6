// What the maps of a program may ask of libbpf, and what becomes of it in our hands.
import { existsSync, rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { dumpMap } from '../../src/kernel/bpftool.js';
import { Fd } from '../../src/kernel/fd.js';
import { BpfObject } from '../../src/kernel/object.js';
import { mapInfo } from '../../src/kernel/pinned.js';
import { testRun } from '../../src/kernel/testrun.js';
import { whyNotCarried } from '../../src/model/instance.js';
import { compileProgram } from '../lab/programs.js';

const XDP_DROP = 1;
const XDP_PASS = 2;

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

test('what the kernel made of a definition counts as that definition, and is reused', async () => {
  const bytes = await compileProgram('carried');
  using object = BpfObject.open(bytes, 'passes');
  using next = BpfObject.open(bytes, 'passes');
  const definitions = object.maps();
  object.load();
  const ids = definitions.map((definition) => {
    const made = new Fd(object.mapFd(definition.name));
    expect(whyNotCarried(definition, mapInfo(made)), definition.name).toBeUndefined();
    next.reuseMap(definition.name, made);
    return mapInfo(made).id;
  });
  next.load();
  expect(definitions.map(({ name }) => mapInfo(new Fd(next.mapFd(name))).id)).toEqual(ids);
  expect(ids).toHaveLength(7);
});

test('a device map with other flags, or a perf event array with other entries, is another one', async () => {
  using object = BpfObject.open(await compileProgram('carried'), 'passes');
  const [ports, , , , events] = object.maps();
  if (!ports || !events) throw new Error('the maps have another order');
  expect(whyNotCarried(ports, { ...ports, flags: 1024 })).toBe('its definition changed: flags 1024 -> 0');
  expect(whyNotCarried({ ...events, maxEntries: 8 }, { ...events, maxEntries: 4 })).toBe(
    'its definition changed: entries 4 -> 8',
  );
});

test('a map of maps starts afresh with the maps of the object, which keep their content', async () => {
  const bytes = await compileProgram('nested');
  using older = BpfObject.open(bytes, 'counts');
  older.load();
  testRun(older.programFd(), { data: Buffer.alloc(60), repeat: 3 });

  using next = BpfObject.open(bytes, 'counts');
  const whys = next.maps().map((definition) => {
    const made = new Fd(older.mapFd(definition.name));
    const why = whyNotCarried(definition, mapInfo(made));
    if (why === undefined) next.reuseMap(definition.name, made);
    return [definition.name, why];
  });
  const why = 'it holds maps, and the kernel does not tell their older definition';
  expect(Object.fromEntries(whys)).toEqual({ first: undefined, tables: why, tables_by_number: why });
  next.load();
  expect(testRun(next.programFd(), { data: Buffer.alloc(60) }).verdict).toBe(XDP_PASS);
  expect(await dumpMap(mapInfo(new Fd(next.mapFd('first'))).id)).toMatchObject([{ formatted: { value: 4 } }]);
});
