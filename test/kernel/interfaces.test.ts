import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bootId } from '../../src/kernel/boot.js';
import { listInterfaces, netnsInode } from '../../src/kernel/interfaces.js';
import { createLab } from '../lab.js';

test('the interfaces are those of the namespace that the process is in', async () => {
  await using lab = await createLab({ pairs: 2 });
  expect(await lab.inside(listInterfaces)).toEqual([
    { name: 'lo', ifindex: 1 },
    { name: 'veth0', ifindex: await lab.ifindex('veth0') },
    { name: 'veth1', ifindex: await lab.ifindex('veth1') },
  ]);
});

test('the namespace is told by its inode', async () => {
  await using lab = await createLab();
  expect(await lab.inside(netnsInode)).toBe(statSync(`/var/run/netns/${lab.name}`).ino);
  expect(netnsInode()).not.toBe(await lab.inside(netnsInode));
});

test('the boot has a UUID, the same each time', () => {
  expect(bootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(bootId()).toBe(bootId());
});
