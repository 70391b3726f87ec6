import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { swapProgram } from '../../src/kernel/attach.js';
import { bootId } from '../../src/kernel/boot.js';
import { Fd } from '../../src/kernel/fd.js';
import { netnsInode } from '../../src/kernel/interfaces.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { openPin, openProgram } from '../../src/kernel/pinned.js';
import { lookAhead, observe } from '../../src/observe/observe.js';
import { rejected } from '../lab/caught.js';
import { must } from '../lab/exec.js';
import { FakeBpftool } from '../lab/fake-bpftool.js';
import { compileProgram, loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';
import { DIGEST, install, look } from './support.js';

afterEach(() => {
  delete process.env['XDPKEEP_BPFTOOL'];
});

test('an untouched machine: interfaces, nothing of ours', async () => {
  await using lab = await createLab();
  expect(await look(lab)).toEqual({
    boot: bootId(),
    netns: await lab.inside(netnsInode),
    interfaces: [
      { name: 'lo', ifindex: 1, device: { largest: 65_536, frags: false, above: [] }, xdp: [], tc: [] },
      {
        name: 'veth0',
        ifindex: await lab.ifindex('veth0'),
        device: { largest: 1500, above: [] },
        xdp: [],
        tc: [],
      },
    ],
    owned: [],
  });
});

test('a look ahead is taken while it is fresh, and taken again when it is not', async () => {
  await using lab = await createLab();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const answer = await lab.inside(() => ({ look: lookAhead(() => observe({ bpffs: lab.bpffs })) }));
  const before = await answer.look();
  const ids = await install(lab);
  clock.mockReturnValue(999);
  expect(await answer.look()).toBe(before);
  clock.mockReturnValue(1000);
  const now = await lab.inside(() => answer.look());
  clock.mockRestore();
  expect(now.owned).toMatchObject([{ link: { id: ids.link } }]);
});

test('a look ahead that fails is an error of who asks for the answer', async () => {
  process.env['XDPKEEP_BPFTOOL'] = 'not-absolute';
  const look = lookAhead(() => observe({ bpffs: '/' }));
  await sleep(1);
  expect(await rejected(look())).toMatchObject({ name: 'EnvironmentError' });
});

test('what is pinned and attached is seen, with its ids', async () => {
  await using lab = await createLab({ pairs: 2 });
  const ids = await install(lab);
  const shape = { type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
  const state = await look(lab);
  expect(state.interfaces).toContainEqual({
    name: 'veth0',
    ifindex: ids.ifindex,
    device: { largest: 1500, above: [] },
    xdp: [{ mode: 'native', programId: ids.program, programName: 'icmp_drop', linkId: ids.link }],
    tc: [],
  });
  expect(state.owned).toEqual([
    {
      name: 'veth0',
      link: { id: ids.link, programId: ids.program, ifindex: ids.ifindex },
      instances: [
        { digest: DIGEST, programId: ids.program, maps: [{ name: 'icmp_drops', id: ids.map, ...shape }] },
      ],
    },
  ]);
});

test('a foreign program has no link of ours, tc programs are listed', async () => {
  await using lab = await createLab();
  const foreign = await lab.attachForeign('veth0', 'xdpgeneric');
  const object = join(lab.directory, 'observer.o');
  writeFileSync(object, await compileProgram('observer'));
  await lab.exec('tc', 'qdisc', 'add', 'dev', 'veth0', 'clsact');
  const pinned = join(lab.bpffs, 'observer');
  await must('bpftool', ['prog', 'load', object, pinned, 'type', 'classifier']);
  await lab.exec(...'tc filter add dev veth0 ingress bpf da object-pinned'.split(' '), pinned);
  const classic = 'tc filter add dev veth0 egress bpf bytecode'.split(' ');
  await lab.exec(...classic, '1,6 0 0 0', 'flowid', '1:1');
  const state = await look(lab);
  expect(state.owned).toEqual([]);
  expect(state.interfaces[1]).toMatchObject({
    xdp: [{ mode: 'generic', programId: foreign, programName: 'icmp_drop' }],
    tc: [{ kind: 'clsact/ingress', name: 'observer', programId: expect.any(Number) as number }],
  });
  expect(state.interfaces[1]?.xdp[0]).not.toHaveProperty('linkId');
});

test('the same ifindex in another namespace is another interface', async () => {
  await using lab = await createLab();
  await using other = await createLab();
  const ids = await install(lab);
  expect(await other.ifindex('veth0')).toBe(ids.ifindex);
  const state = await other.inside(() => observe({ bpffs: lab.bpffs }));
  expect(state.owned).toMatchObject([{ name: 'veth0', link: { ifindex: ids.ifindex } }]);
  expect(state.interfaces[1]).toMatchObject({ name: 'veth0', ifindex: ids.ifindex, xdp: [] });
  expect(state.netns).not.toBe((await look(lab)).netns);
});

test('a foreign program on the same ifindex of another namespace is not held by our link', async () => {
  await using lab = await createLab();
  await using other = await createLab();
  const ids = await install(lab);
  const foreign = await other.attachForeign('veth0');
  const state = await other.inside(() => observe({ bpffs: lab.bpffs }));
  expect(state.interfaces[1]?.xdp).toEqual([
    { mode: 'native', programId: foreign, programName: 'icmp_drop' },
  ]);
  expect(ids.program).not.toBe(foreign);
});

test('a link of a deleted interface is on ifindex 0', async () => {
  await using lab = await createLab();
  const ids = await install(lab);
  await lab.exec('ip', 'link', 'del', 'veth0');
  expect((await look(lab)).owned).toMatchObject([{ link: { id: ids.link, ifindex: 0 } }]);
});

test('a world that does not hold still is an error after some attempts', async () => {
  await using lab = await createLab();
  using fake = new FakeBpftool();
  const ifindex = await lab.ifindex('veth0');
  fake.answer('net show', JSON.stringify([{ xdp: [{ ifindex, mode: 'driver', id: 4242 }], tc: [] }]));
  process.env['XDPKEEP_BPFTOOL'] = fake.path;
  expect(await rejected(look(lab))).toMatchObject({
    name: 'EnvironmentError',
    message: 'the BPF state of the kernel kept changing while it was read: program 4242 came or went',
  });
});

test('a contradiction that passes is looked at again', async () => {
  await using lab = await createLab();
  using fake = new FakeBpftool();
  const ifindex = await lab.ifindex('veth0');
  const net = [{ xdp: [{ ifindex, mode: 'driver', id: 123 }], tc: [] }];
  fake.answer('net show', JSON.stringify(net));
  fake.answer('link show', '[]');
  const flag = join(lab.directory, 'asked');
  const late = `if [ -e "${flag}" ]; then echo '[{"id":123,"name":"late"}]'; else : > "${flag}"; echo '[]'; fi`;
  fake.behave('prog show', late);
  process.env['XDPKEEP_BPFTOOL'] = fake.path;
  expect((await look(lab)).interfaces[1]?.xdp).toMatchObject([{ programId: 123, programName: 'late' }]);
});

test('no descriptor stays open', async () => {
  await using lab = await createLab();
  await install(lab);
  await look(lab);
  const before = readdirSync('/proc/self/fd').length;
  await look(lab);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

test('a swap meanwhile is never seen as a foreign program', async () => {
  await using lab = await createLab();
  const ids = await install(lab);
  using link = openPin(pinPathsOf(lab.bpffs).link('veth0'));
  using first = openProgram(ids.program);
  using even = loadIcmpDrop();
  using odd = loadIcmpDrop();
  if (!link || !first) throw new Error('nothing is installed');
  let current = first;
  for (let round = 0; round < 10; round++) {
    const next = new Fd((round % 2 === 0 ? even : odd).programFd());
    const swap = sleep(round * 3).then(() => {
      swapProgram(link, next, current);
      current = next;
    });
    const state = await look(lab);
    await swap;
    expect(state.interfaces[1]?.xdp).toMatchObject([
      { linkId: ids.link, programId: state.owned[0]?.link?.programId },
    ]);
  }
});
