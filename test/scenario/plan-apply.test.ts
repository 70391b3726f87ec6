// A plan that is written down and applied later: exactly that, or nothing.
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/disk/sha256.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, mapValues, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';
import { snapshot } from '../support/world.js';

const NATIVE = `mode: native, program: ${ICMP_DROP}`;
const OTHER = `mode: native, program: ${OWN}`;

const fileOf = (lab: Lab) => join(lab.directory, 'plan.json');

async function plan(lab: Lab, exitCode = 0, ...args: string[]): Promise<Reconciliation> {
  return document(await lab.run(['plan', '--out', fileOf(lab), '--output', 'json', ...args]), exitCode);
}

async function apply(lab: Lab, exitCode = 0): Promise<Reconciliation> {
  return document(await lab.run(['apply', fileOf(lab), '--output', 'json']), exitCode);
}

/** veth0 and veth1 run the builtin; a plan is there that gives both another program. */
async function planned(): Promise<Lab> {
  const lab = await createLab({ pairs: 2 });
  writeHost(lab, { 'veth*': NATIVE });
  await reconcile(lab);
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, { 'veth*': OTHER });
  await plan(lab);
  return lab;
}

async function refuses(lab: Lab, says: string | RegExp, exitCode = 16, ...args: string[]): Promise<void> {
  const before = await snapshot(lab);
  const refused = await lab.run(['apply', fileOf(lab), ...args]);
  expect(refused, refused.stderr).toMatchObject({ exitCode, stdout: '' });
  expect(refused.stderr).toMatch(says);
  expect(refused.stderr).toContain('help: ');
  expect(await snapshot(lab)).toEqual(before);
}

it('does what was planned, without the state files, and is spent then', async () => {
  await using lab = await planned();
  await lab.ping(2);
  expect(statSync(fileOf(lab)).mode & 0o777).toBe(0o600);
  const before = await snapshot(lab);
  const told = await plan(lab);
  expect(told).toMatchObject({ dryRun: true, changed: true });
  expect(await snapshot(lab)).toEqual(before);

  rmSync(lab.state, { recursive: true });
  const result = await apply(lab);
  expect(result).toMatchObject({ dryRun: false, changed: true, generation: 2 });
  const about = ({ steps }: Reconciliation) =>
    steps.map(({ interface: name, action, reason, gap, maps }) => ({ name, action, reason, gap, maps }));
  expect(about(result)).toEqual(about(told));
  expect(result.interfaces).toMatchObject([{ condition: 'Ready' }, { condition: 'Ready' }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([2]);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
  await refuses(lab, 'the plan is stale: the journal has 8 records, and had 4');
});

it('a first plan is applied to a host that has nothing yet', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  const { stderr } = await lab.run(['plan', '--out', fileOf(lab)]);
  expect(stderr).toBe(`written to ${fileOf(lab)}; \`xdpkeep apply ${fileOf(lab)}\` does it`);
  expect((await apply(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 1 });
});

const STALE: { name: string; says: string | RegExp; meddle: (lab: Lab) => Promise<unknown> }[] = [
  {
    name: 'an interface was made anew',
    says: /veth0: the interface was made anew: ifindex \d+ then, \d+ now/,
    meddle: async (lab) => {
      await lab.exec('ip', 'link', 'del', 'veth0');
      await lab.exec('ip', 'link', 'add', 'spacer', 'type', 'bridge'); // takes the number
      await lab.addPair(0);
    },
  },
  {
    name: 'an interface is gone',
    says: 'veth1: the interface is gone',
    meddle: (lab) => lab.exec('ip', 'link', 'del', 'veth1'),
  },
  {
    name: 'another interface appeared',
    says: 'veth7 is there, and was not',
    meddle: (lab) => lab.addPair(7),
  },
  {
    name: 'the link was removed, and a stranger came',
    says: /veth1: its XDP programs were \d+ \(native\), and are \d+ \(generic\)/,
    meddle: async (lab) => {
      rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth1/link'));
      await expect.poll(async () => (await lab.netShow()).xdp).toHaveLength(1);
      await lab.attachForeign('veth1', 'xdpgeneric');
    },
  },
  {
    name: 'a pin of a map was removed',
    says: 'veth0: what is pinned for it has changed',
    meddle: async (lab) => {
      await lab.exec('sh', '-c', `rm ${lab.bpffs}/xdpkeep/interfaces/veth0/*/maps/icmp_drops`);
    },
  },
  {
    name: 'another change was made',
    says: 'the plan is stale: the journal has',
    meddle: async (lab) => {
      writeHost(lab, { 'veth*': `mode: generic, program: ${ICMP_DROP}` });
      await reconcile(lab);
    },
  },
  {
    name: 'a change was made and taken back',
    says: 'the plan is stale: the journal has',
    meddle: async (lab) => {
      await reconcile(lab);
      expect(await lab.run(['rollback', '1'])).toMatchObject({ exitCode: 0 });
    },
  },
];

it.each(STALE)('$name: exit 16, untouched', async ({ says, meddle }) => {
  await using lab = await planned();
  await meddle(lab);
  await refuses(lab, says);
});

it('a foreign program on a bare interface makes a plan stale as well', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: `${NATIVE}, foreign: replace` });
  await plan(lab);
  const id = await lab.attachForeign('veth0');
  const refused = await lab.run(['apply', fileOf(lab)]);
  expect(refused).toMatchObject({ exitCode: 16 });
  expect(refused.stderr).toContain(`veth0: its XDP programs were none, and are ${id} (native)`);
  expect((await lab.netShow()).xdp).toMatchObject([{ id }]);
});

describe('the plan itself', () => {
  /** Changes what a plan says, and seals it again. */
  function forge(lab: Lab, change: (content: Record<string, unknown>) => void): void {
    const sealed = JSON.parse(readFileSync(fileOf(lab), 'utf8')) as {
      content: Record<string, unknown>;
      sha256: string;
    };
    change(sealed.content);
    sealed.sha256 = sha256(JSON.stringify(sealed.content));
    writeFileSync(fileOf(lab), JSON.stringify(sealed));
  }

  it('holds for one host, boot, namespace, release, bpffs and data directory', async () => {
    await using lab = await planned();
    const whole = readFileSync(fileOf(lab), 'utf8');
    await refuses(lab, 'another host: lab, and this is other', 16, '--host', 'other');
    await refuses(lab, 'another bpffs', 16, '--bpffs', join(lab.directory, 'elsewhere'));
    await refuses(lab, 'another data directory', 16, '--data-dir', join(lab.directory, 'elsewhere'));
    for (const [field, value, says] of [
      ['boot', 'long ago', 'another boot'],
      ['netns', 1, 'another network namespace'],
      ['release', '0.0.0', 'another release'],
      ['format', 2, 'is damaged'],
      ['surprise', true, 'is damaged'],
    ] as const) {
      forge(lab, (content) => (content[field] = value));
      await refuses(lab, says);
      writeFileSync(fileOf(lab), whole);
    }
    forge(lab, (content) => {
      const objects = content['objects'] as Record<string, string>;
      for (const name of Object.keys(objects)) objects[name] = 'AAAA';
    });
    await refuses(lab, 'of the plan is damaged');
  });

  it('is refused when it was damaged, or others could have written it', async () => {
    await using lab = await planned();
    const whole = readFileSync(fileOf(lab), 'utf8');
    const damages = [
      '',
      '{}',
      whole.slice(0, -20),
      whole.replace('"extra"', '"extrb"'),
      whole.replace('"kind": "Plan"', '"kind": "Hold"'),
      `\u0000${whole}`,
    ];
    for (const damaged of damages) {
      expect(damaged).not.toBe(whole);
      writeFileSync(fileOf(lab), damaged);
      await refuses(lab, /plan\.json is damaged: /);
    }
    writeFileSync(fileOf(lab), whole);
    chmodSync(fileOf(lab), 0o620);
    await refuses(lab, 'could have been written by another user', 77);
    rmSync(fileOf(lab));
    await refuses(lab, 'cannot read the plan', 64);
  });

  it('asks for a place to be written to', async () => {
    await using lab = await createLab();
    writeHost(lab, { veth0: NATIVE });
    expect(await lab.run(['plan'])).toMatchObject({ exitCode: 64 });
    const nowhere = await lab.run(['plan', '--out', join(lab.directory, 'a/b')]);
    expect(nowhere).toMatchObject({ exitCode: 64, stdout: '' });
    expect(nowhere.stderr).toContain('(ENOENT)');
  });
});

it('waits for an interrupted run, a suspension and the lock', async () => {
  await using lab = await planned();
  await lab.run(['suspend', '--reason', 'r', '--for', '1h', 'veth1']);
  await plan(lab, 13);
  await refuses(lab, 'veth1: changes are suspended', 13);
  await lab.run(['resume']);
  writeFileSync(join(lab.dataDir, 'suspend'), 'r');
  await plan(lab, 13);
  await refuses(lab, 'veth0, veth1: changes are suspended', 13);
  rmSync(join(lab.dataDir, 'suspend'));

  const holder = await stopAt(lab, 'swap:before');
  expect(await lab.run(['apply', fileOf(lab)])).toMatchObject({ exitCode: 75 });
  expect(await lab.run(['plan', '--out', fileOf(lab)])).toMatchObject({ exitCode: 74 });
  await holder.kill();
  await refuses(lab, 'the plan is stale');
});

it('the prune guard is asked when the plan is made', async () => {
  await using lab = await planned();
  writeHost(lab, {});
  expect(await lab.run(['plan', '--out', fileOf(lab)])).toMatchObject({ exitCode: 15 });
  await plan(lab, 0, '--allow-prune-all');
  expect((await apply(lab)).steps).toMatchObject([{ action: 'detach' }, { action: 'detach' }]);
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('under a hold a plan is one of what is held, and one of other state files ends it', async () => {
  await using lab = await planned();
  await reconcile(lab);
  expect(await lab.run(['rollback', '1'])).toMatchObject({ exitCode: 0 });
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  await plan(lab, 13);
  expect(await apply(lab, 13)).toMatchObject({ changed: true, hold: { generation: 1 } });
  writeHost(lab, { 'veth*': `mode: generic, program: ${ICMP_DROP}` });
  await plan(lab);
  expect(await apply(lab)).toMatchObject({
    changed: true,
    interfaces: [{ mode: 'generic' }, { mode: 'generic' }],
  });
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});
