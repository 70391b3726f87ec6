// What is not ours: left alone and said, or taken over with the way back kept open. tc programs are never touched.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { compileProgram } from '../lab/programs.js';
import { document, ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';

const OURS = `mode: native, program: ${ICMP_DROP}`;

describe('a foreign program', () => {
  it('is refused, the others converge', async () => {
    await using lab = await createLab({ pairs: 2 });
    const id = await lab.attachForeign('veth0');
    writeHost(lab, { veth0: OURS, veth1: OURS });
    const dry = await reconcile(lab, 14, '--dry-run');
    const result = await reconcile(lab, 14);
    expect(dry.interfaces[0]).toEqual(result.interfaces[0]);
    expect(result.interfaces).toMatchObject([
      { name: 'veth0', condition: 'Refused' },
      { name: 'veth1', condition: 'Ready' },
    ]);
    expect(result.interfaces[0]?.reason).toContain(`foreign program ${id} (icmp_drop)`);
    expect((await lab.netShow()).xdp.find(({ devname }) => devname === 'veth0')?.id).toBe(id);
    writeHost(lab, {});
    await reconcile(lab, 0, '--allow-prune-all');
    expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'veth0', id }]);
  });

  it.each(['xdpgeneric', 'xdpdrv'] as const)(
    'is taken over and given back in its mode (%s)',
    async (mode) => {
      await using lab = await createLab();
      const id = await lab.attachForeign('veth0', mode);
      writeHost(lab, { veth0: `${OURS}, foreign: replace` });
      expect((await reconcile(lab, 0, '--dry-run')).steps).toMatchObject([{ action: 'attach', gap: true }]);
      const taken = await reconcile(lab);
      expect(taken.interfaces).toMatchObject([{ condition: 'Ready', mode: 'native' }]);
      expect(taken.interfaces[0]?.programId).not.toBe(id);
      expect(existsSync(join(lab.bpffs, 'xdpkeep/foreign/veth0'))).toBe(true);
      expect(await reconcile(lab)).toMatchObject({ changed: false });

      document(await lab.run(['rollback', '0', '--output', 'json']), 0);
      expect((await lab.netShow()).xdp).toMatchObject([
        { id, mode: mode === 'xdpdrv' ? 'driver' : 'generic' },
      ]);
      expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
    },
  );

  it('that a link holds is taken over too', async () => {
    await using foreign = await createLab();
    writeHost(foreign, { veth0: `mode: native, program: ${ICMP_DROP}` });
    const before = await reconcile(foreign);
    const second = {
      XDPKEEP_BPFFS: join(foreign.directory, 'bpffs2'),
      XDPKEEP_DATA_DIR: join(foreign.directory, 'data2'),
    };
    await must('mkdir', [second.XDPKEEP_BPFFS]);
    await must('mount', ['-t', 'bpf', 'bpf', second.XDPKEEP_BPFFS]);
    try {
      const refused = await foreign.run(['reconcile', '--output', 'json'], { env: second });
      expect(refused.exitCode).toBe(14);
      expect(refused.stdout).toContain(`held by link ${before.interfaces[0]?.linkId ?? '?'}`);
      writeHost(foreign, { veth0: `mode: native, program: ${ICMP_DROP}, foreign: replace` });
      const taken = await foreign.run(['reconcile', '--output', 'json'], { env: second });
      expect(document(taken, 0)).toMatchObject({ interfaces: [{ condition: 'Ready' }] });
    } finally {
      await must('umount', [second.XDPKEEP_BPFFS]);
    }
  });
});

it('tc programs stay as they were and are listed', async () => {
  await using lab = await createLab();
  const object = await observer(lab);
  await lab.exec('tc', 'qdisc', 'add', 'dev', 'veth0', 'clsact');
  await lab.exec('tc', 'filter', 'add', 'dev', 'veth0', 'ingress', 'bpf', 'da', 'obj', object, 'sec', 'tc');
  const before = (await lab.netShow()).tc;
  expect(before).toHaveLength(1);
  writeHost(lab, { veth0: OURS });
  await reconcile(lab);
  expect((await status(lab)).interfaces).toMatchObject([
    { name: 'veth0', condition: 'Ready', tc: [{ kind: 'clsact/ingress', programId: before[0]?.id }] },
  ]);
  const text = await lab.run(['status']);
  expect(text.stdout).toContain(`tc clsact/ingress: program ${before[0]?.id ?? '?'}`);
  writeHost(lab, {});
  await reconcile(lab, 0, '--allow-prune-all');
  expect((await lab.netShow()).tc).toEqual(before);
  expect((await status(lab)).others).toMatchObject([{ name: 'veth0', tc: [{ programId: before[0]?.id }] }]);
});

async function observer(lab: Lab): Promise<string> {
  const path = join(lab.directory, 'observer.bpf.o');
  writeFileSync(path, await compileProgram('observer'));
  return path;
}
