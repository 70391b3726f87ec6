import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLink } from '../../src/kernel/attach.js';
import { Fd } from '../../src/kernel/fd.js';
import { kindOf, mapInfo, openLink, openPin, openProgram, pin, programId } from '../../src/kernel/pinned.js';
import { caught } from '../lab/caught.js';
import { must } from '../lab/exec.js';
import { loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';

const NO_ID = 0x7fffffff;

test('programs, maps and links are told apart behind their pins', async () => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  {
    using object = loadIcmpDrop();
    const program = new Fd(object.programFd());
    using link = await lab.inside(() => createLink(program, ifindex, 'native'));
    pin(object.programFd(), join(lab.bpffs, 'program'));
    pin(object.mapFd('icmp_drops'), join(lab.bpffs, 'map'));
    pin(link.number, join(lab.bpffs, 'link'));
  }
  for (const kind of ['program', 'map', 'link']) {
    using fd = openPin(join(lab.bpffs, kind));
    expect(fd && kindOf(fd)).toBe(kind);
  }
});

test('ids are those that bpftool shows', async () => {
  using object = loadIcmpDrop();
  const program = new Fd(object.programFd());
  const map = new Fd(object.mapFd('icmp_drops'));
  const [programs, maps] = await Promise.all(
    ['prog', 'map'].map(async (kind) => JSON.parse(await must('bpftool', ['-j', kind, 'show'])) as unknown),
  );
  expect(programs).toContainEqual(expect.objectContaining({ id: programId(program), name: 'icmp_drop' }));
  const { id, keySize, valueSize, maxEntries } = mapInfo(map);
  expect(maps).toContainEqual(
    expect.objectContaining({ id, bytes_key: keySize, bytes_value: valueSize, max_entries: maxEntries }),
  );
});

test('what is not there is undefined', async () => {
  await using lab = await createLab();
  expect(openPin(join(lab.bpffs, 'absent'))).toBeUndefined();
  expect(openProgram(NO_ID)).toBeUndefined();
  expect(openLink(NO_ID)).toBeUndefined();
});

test('a path that is taken or no pin is an error', async () => {
  await using lab = await createLab();
  using object = loadIcmpDrop();
  const path = join(lab.bpffs, 'program');
  mkdirSync(join(lab.bpffs, 'directory'));
  pin(object.programFd(), path);
  const again = caught(() => {
    pin(object.programFd(), path);
  });
  expect(again).toMatchObject({ code: 'EEXIST' });
  expect(caught(() => openPin(join(lab.bpffs, 'directory')))).toMatchObject({ name: 'PermissionError' });
});
