// What a lab could leave behind: programs, maps, links, namespaces, mounts, processes, temporary directories.
// A lab that leaves any of it fails its test, and so does the whole run.
// needs: lab
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fd } from '../../src/kernel/fd.js';
import {
  kindOf,
  linkInfo,
  mapInfo,
  openLink,
  openPin,
  openProgram,
  programId,
} from '../../src/kernel/pinned.js';
import { endProcess, must } from './exec.js';

/** Ids of BPF objects that must be gone once their lab is. */
export interface Held {
  programs: Set<number>;
  maps: Set<number>;
  links: Set<number>;
}

/** What is pinned below a directory of a bpffs, added to `held`. */
export function collectPinned(directory: string, held: Held): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) collectPinned(path, held);
    if (!entry.isFile() || entry.name.endsWith('.debug')) continue;
    using fd = openPin(path);
    if (fd) add(fd, held);
  }
}

function add(fd: Fd, held: Held): void {
  const kind = kindOf(fd);
  if (kind === 'program') held.programs.add(programId(fd));
  else if (kind === 'map') held.maps.add(mapInfo(fd).id);
  else held.links.add(linkInfo(fd).id);
}

/** The kernel frees in its own time: RCU, work queues, the end of a namespace or of a process. Milliseconds. */
const PATIENCE = 60_000;

/** Waits for all of it to be gone: what was held, and what bears the name of its lab. What is not gone by then is residue. */
export async function residueOf(held: Held, name: string, temporary: string): Promise<string[]> {
  const start = Date.now();
  for (;;) {
    const left = [...(await alive(held)), ...leftovers(name, temporary)];
    if (left.length === 0 || Date.now() - start > PATIENCE) return left;
    await sleep(20);
  }
}

async function alive(held: Held): Promise<string[]> {
  const maps = JSON.parse(await must('bpftool', ['-j', 'map', 'show'])) as { id: number }[];
  return [
    ...[...held.programs].filter((id) => exists(openProgram(id))).map((id) => `program ${id}`),
    ...[...held.links].filter((id) => exists(openLink(id))).map((id) => `link ${id}`),
    ...maps.filter(({ id }) => held.maps.has(id)).map(({ id }) => `map ${id}`),
  ];
}

function exists(fd: Fd | undefined): boolean {
  fd?.[Symbol.dispose]();
  return fd !== undefined;
}

/** Whether `text` holds `name`, and not one that begins with it: lab 1 is not lab 10. */
function bears(text: string, name: string): boolean {
  return new RegExp(`${name}(?!\\d)`).test(text);
}

const namespacesOf = (name: string) => list('/var/run/netns').filter((one) => bears(one, name));
const directoriesOf = (name: string, temporary: string) => list(temporary).filter((one) => bears(one, name));

function mountsOf(name: string): string[] {
  const lines = readFileSync('/proc/mounts', 'utf8').split('\n');
  return lines.filter((line) => bears(line, name)).map((line) => line.split(' ')[1] ?? '');
}

/** Processes whose environment, arguments or working directory hold `name`, but for this one. */
function processesOf(name: string): number[] {
  const pids = list('/proc').filter((one) => /^\d+$/.test(one) && Number(one) !== process.pid);
  return pids.map(Number).filter((pid) => {
    try {
      const said = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
      return [...said, readlinkSync(`/proc/${pid}/cwd`)].some((text) => bears(text, name));
    } catch {
      return false; // it has ended, or is no program
    }
  });
}

/** Processes, namespaces, mounts and directories of temporary files whose names hold `name`. */
export function leftovers(name: string, temporary: string): string[] {
  return [
    ...processesOf(name).map((pid) => `process ${pid}`),
    ...namespacesOf(name).map((one) => `namespace ${one}`),
    ...mountsOf(name).map((one) => `mount ${one}`),
    ...directoriesOf(name, temporary).map((one) => `directory ${join(temporary, one)}`),
  ];
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // made by the first `ip netns add`
  }
}

/** Takes down what interrupted tests left behind, and says what that was. */
export async function sweep(name: string, temporary: string): Promise<string[]> {
  const found = leftovers(name, temporary);
  for (const pid of processesOf(name)) endProcess(pid);
  for (const namespace of namespacesOf(name)) {
    await endIn(namespace);
    await must('ip', ['netns', 'del', namespace]);
  }
  // Those of the namespaces went with them; what is mounted within another mount goes first.
  for (const mount of mountsOf(name).reverse()) await must('umount', [mount]);
  for (const directory of directoriesOf(name, temporary)) {
    rmSync(join(temporary, directory), { recursive: true, force: true });
  }
  return found;
}

/** Milliseconds: what was killed a moment ago is still there until the kernel has taken its memory back. */
export const DYING = 10_000;

/** Ends every process in a namespace, and says which that were. `patience`: milliseconds in which they may end by themselves. */
export async function endIn(namespace: string, patience = 0): Promise<string[]> {
  const start = Date.now();
  for (;;) {
    const pids = (await must('ip', ['netns', 'pids', namespace])).split('\n').filter(Boolean).map(Number);
    if (pids.length > 0 && Date.now() - start < patience) {
      await sleep(50);
      continue;
    }
    for (const pid of pids) endProcess(pid);
    return pids.map((pid) => `process ${pid}`);
  }
}
