// What was applied is looked at before it counts. Here the world breaks between the two: the change is undone and the
// exit code is 10, or 11 when undoing fails as well. The next pass converges from either.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import { createLink, swapProgram } from '../../src/kernel/attach.js';
import { findBpftool } from '../../src/kernel/bpftool.js';
import { linkInfo, openPin, openProgram, pin } from '../../src/kernel/pinned.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import type { Finished } from '../lab/exec.js';
import { must } from '../lab/exec.js';
import { ICMP_DROP, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';

const NONE = {};
const NATIVE = { veth0: `mode: native, program: ${ICMP_DROP}` };
const GENERIC = { veth0: `mode: generic, program: ${ICMP_DROP}` };
const OTHER = { veth0: `mode: native, program: ${OWN}` };

type Wanted = Record<string, string>;

interface Breakage {
  step: string;
  from: Wanted;
  to: Wanted;
  how: string;
  breakIt: (lab: Lab, before: Reconciliation) => unknown;
  /** What is attached after the undoing. */
  mode: 'driver' | 'generic' | undefined;
  error: string;
}

const UNDONE: Breakage[] = [
  {
    step: 'an attachment',
    from: NONE,
    to: NATIVE,
    how: 'its link is lost',
    breakIt: loseLink,
    mode: undefined,
    error: 'veth0: the interface does not run our link (none)',
  },
  {
    step: 'an update',
    from: NATIVE,
    to: OTHER,
    how: 'somebody swaps the old program in again',
    breakIt: (lab, before) => {
      swapBehindItsBack(lab, programPin(lab, before));
    },
    mode: 'driver',
    error: 'runs instead of instance',
  },
  {
    step: 'a change of mode',
    from: NATIVE,
    to: GENERIC,
    how: 'its link is lost',
    breakIt: loseLink,
    mode: 'driver',
    error: 'veth0: the interface does not run our link (none)',
  },
  {
    step: 'a detachment',
    from: NATIVE,
    to: NONE,
    how: 'somebody attaches and pins it again',
    breakIt: attachAgain,
    mode: 'driver',
    error: 'is still pinned',
  },
];

it.each(UNDONE)('$step is undone when $how', async ({ from, to, breakIt, mode, error }) => {
  await using lab = await createLab();
  const before = await start(lab, from);
  const broken = await applyAndBreak(lab, to, () => breakIt(lab, before));
  expect(broken).toMatchObject({ exitCode: 10 });
  const { steps, changed } = JSON.parse(broken.stdout) as Reconciliation;
  expect(steps).toMatchObject([{ outcome: 'undone', error: expect.stringContaining(error) as string }]);
  expect(changed).toBe(false);
  expect(lastRecord(lab)).toMatchObject({ phase: 'undone', note: expect.stringContaining(error) as string });
  expect((await lab.netShow()).xdp.map((one) => one.mode)).toEqual(mode === undefined ? [] : [mode]);
  await converges(lab);
});

it('one interface is undone, the other one stays changed', async () => {
  await using lab = await createLab({ pairs: 2 });
  const drop = `mode: native, program: ${ICMP_DROP}`;
  const broken = await applyAndBreak(lab, { veth0: drop, veth1: drop }, () => loseLink(lab));
  expect(broken).toMatchObject({ exitCode: 10 });
  expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'veth1' }]);
  expect(JSON.parse(broken.stdout)).toMatchObject({
    steps: [
      { interface: 'veth0', outcome: 'undone' },
      { interface: 'veth1', outcome: 'done' },
    ],
    interfaces: [
      { name: 'veth0', condition: 'Failed' },
      { name: 'veth1', condition: 'Ready' },
    ],
  });
  await converges(lab);
});

it('a change that nobody can look at is undone', async () => {
  await using lab = await createLab();
  await start(lab, NATIVE);
  const [attached] = (await lab.netShow()).xdp;
  const bpftool = join(lab.directory, 'bpftool');
  writeFileSync(bpftool, `#!/bin/sh\n[ -e "$0.broken" ] && exit 1\nexec ${findBpftool()} "$@"\n`);
  chmodSync(bpftool, 0o755);
  const blind = await applyAndBreak(
    lab,
    OTHER,
    () => {
      writeFileSync(`${bpftool}.broken`, '');
    },
    { XDPKEEP_BPFTOOL: bpftool },
  );
  expect(blind).toMatchObject({ exitCode: 78 }); // it cannot say how the interfaces stand, either
  expect(lastRecord(lab)).toMatchObject({ phase: 'undone' });
  expect((await lab.netShow()).xdp).toEqual([attached]);
  await converges(lab);
});

it('what cannot be undone either exits 11, and the next pass converges', async () => {
  await using lab = await createLab();
  await start(lab, NATIVE);
  const stranger = join(lab.bpffs, 'stranger');
  await must('bpftool', ['prog', 'load', 'dist/bpf/icmp_drop.bpf.o', stranger]);
  const stuck = await applyAndBreak(lab, OTHER, () => {
    swapBehindItsBack(lab, stranger);
  });
  expect(stuck).toMatchObject({ exitCode: 11 });
  expect(JSON.parse(stuck.stdout)).toMatchObject({
    steps: [
      {
        outcome: 'failed',
        error: expect.stringContaining('no longer runs the program that was seen') as string,
      },
    ],
    interfaces: [{ condition: 'Failed' }],
  });
  expect(lastRecord(lab)).toMatchObject({
    phase: 'failed',
    note: expect.stringMatching(/runs instead of instance .*; undoing it failed: /) as string,
  });
  const next = await converges(lab);
  expect(next.steps).toMatchObject([
    { action: 'update', reason: expect.stringContaining('a lost pin') as string },
  ]);
});

/** Brings a new lab into its first state. */
async function start(lab: Lab, wanted: Wanted): Promise<Reconciliation> {
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, wanted);
  return reconcile(lab);
}

/** Applies, breaks the world before it is verified, and lets the run end. */
async function applyAndBreak(
  lab: Lab,
  to: Wanted,
  breakIt: () => unknown,
  env: Record<string, string> = {},
): Promise<Finished> {
  writeHost(lab, to);
  const run = await stopAt(lab, 'verify:before', env);
  await breakIt();
  return run.resume();
}

/** The next pass does what the broken one did not, and the one after it has nothing to do. */
async function converges(lab: Lab): Promise<Reconciliation> {
  const next = await reconcile(lab, 0, '--retry', '--allow-prune-all');
  expect(next).toMatchObject({ changed: true });
  expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: next.interfaces });
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
  return next;
}

function lastRecord(lab: Lab) {
  return readJournal(lab.dataDir).records.at(-1);
}

function linkPin(lab: Lab): string {
  return join(lab.bpffs, 'xdpkeep/interfaces/veth0/link');
}

function programPin(lab: Lab, { interfaces }: Reconciliation): string {
  return join(lab.bpffs, 'xdpkeep/interfaces/veth0', interfaces[0]?.digest ?? '', 'program');
}

async function loseLink(lab: Lab): Promise<void> {
  rmSync(linkPin(lab));
  // The kernel takes it off in its own time.
  const devices = async () => (await lab.netShow()).xdp.map(({ devname }) => devname);
  await expect.poll(devices).not.toContain('veth0');
}

/** As only somebody with our pin can. */
function swapBehindItsBack(lab: Lab, to: string): void {
  using link = openPin(linkPin(lab));
  using program = openPin(to);
  using current = link && openProgram(linkInfo(link).programId);
  if (!link || !program || !current) throw new Error('there is nothing to swap');
  swapProgram(link, program, current);
}

async function attachAgain(lab: Lab, before: Reconciliation): Promise<void> {
  const ifindex = await lab.ifindex('veth0');
  await lab.inside(() => {
    using program = openPin(programPin(lab, before));
    if (!program) throw new Error('the instance is gone');
    using link = createLink(program, ifindex, 'native');
    pin(link.number, linkPin(lab));
  });
}
