// Changes on trial: host files with safeguards, probes that the test answers, and processes that are no child of ours.
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, OWN, ownProgram, reconcile, status } from './host.js';

/** Longer than any test. */
export const LONG = 'confirm: 1h\n';

export const DROP = { veth0: `mode: native, program: ${ICMP_DROP}` };
export const OTHER = { veth0: `mode: native, program: ${OWN}` };

/** What a change can be, from one set of interfaces to another. */
export const CHANGES = [
  { change: 'update', from: DROP, to: OTHER },
  { change: 'attach', from: {}, to: DROP },
  { change: 'detach', from: DROP, to: {} },
];

/** A Host file with safeguards: lines behind its interfaces. */
export function writeGuarded(lab: Lab, interfaces: Record<string, string>, safeguards = ''): void {
  lab.writeState({
    'hosts/lab.yaml': hostFile(interfaces) + safeguards,
    'programs/own.bpf.c': ownProgram('extra'),
  });
}

/** Id of the program on an interface. */
export async function running(lab: Lab, name = 'veth0'): Promise<number | undefined> {
  return (await lab.netShow()).xdp.find(({ devname }) => devname === name)?.id;
}

/** `DROP` is in effect, confirmed by nobody since nobody asked for it; the program that runs. */
export async function start(lab: Lab): Promise<number> {
  writeGuarded(lab, DROP);
  await reconcile(lab);
  const id = await running(lab);
  if (id === undefined) throw new Error('nothing was attached');
  return id;
}

export async function command(lab: Lab, exitCode: number, ...args: string[]): Promise<Reconciliation> {
  return document(await lab.run([...args, '--output', 'json']), exitCode);
}

/** Waits until nothing is on trial any more, and the watchdog has ended. */
export async function decided(lab: Lab): Promise<void> {
  const pending = async () => (await status(lab)).pending;
  // A deadline that was made for this machine may lie before it.
  await expect.poll(pending, { timeout: 250_000, interval: 200 }).toBeUndefined();
  await expect.poll(() => watchdogs(lab)).toEqual([]);
}

/** Makes it the deadline now: whoever tells the watchdog to end does. */
export async function endTime(lab: Lab): Promise<void> {
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGTERM');
  await expect.poll(() => watchdogs(lab)).toEqual([]);
}

/** Pids of the watchdogs of this lab. */
export function watchdogs(lab: Lab): number[] {
  return processes((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('--at-deadline') && words.includes(lab.dataDir);
  });
}

/** Every process of the session of `leader`. Field 6 of /proc/pid/stat, proc_pid_stat(5). */
export function sessionOf(leader: number): number[] {
  return processes((pid) => {
    const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(fields.split(' ')[3]) === leader;
  });
}

function processes(wanted: (pid: number) => boolean): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return wanted(pid);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** What became of changes on trial, in the words of the journal. */
export function trialPhases(lab: Lab): string[] {
  const { records } = readJournal(lab.dataDir);
  return records.filter(({ step }) => step.kind === 'trial').map(({ phase }) => phase);
}

/** A probe that holds until it is armed; from then on it waits for the test to say with which code it exits. */
export class HeldProbe {
  readonly #file: string;

  constructor(lab: Lab) {
    this.#file = join(lab.allowCommands(), 'probe');
    const wait = `touch $0.asked; while [ ! -e $0.answer ]; do sleep 0.05; done; exit $(cat $0.answer)`;
    writeFileSync(this.#file, `#!/bin/sh\n[ -e $0.armed ] || exit 0\n${wait}\n`);
    chmodSync(this.#file, 0o755);
  }

  /** For a Host file. */
  get yaml(): string {
    return `probes: [{exec: [${this.#file}], timeout: 30s, tries: 1}]\n`;
  }

  /** From now on it waits. */
  arm(): void {
    writeFileSync(`${this.#file}.armed`, '');
  }

  /** The change is in effect, and its probe waits. */
  async asked(): Promise<void> {
    await expect.poll(() => existsSync(`${this.#file}.asked`)).toBe(true);
  }

  answer(exitCode: number): void {
    // In one step: the probe reads it as soon as it is there.
    writeFileSync(`${this.#file}.answer.new`, String(exitCode));
    renameSync(`${this.#file}.answer.new`, `${this.#file}.answer`);
  }
}
