// What a lab could leave behind: programs, maps, links, namespaces, mounts, processes, temporary directories.
// A lab that leaves any of it fails its test, and so does the whole run.
// needs: lab
import { readdirSync, readFileSync, rmSync } from 'node:fs';
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
import { must } from './exec.js';

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

/** The kernel frees in its own time: RCU, work queues, the end of a namespace. Milliseconds. */
const PATIENCE = 10_000;

/** Waits for everything to be gone; what is not gone by then is residue. */
export async function stillHeld(held: Held): Promise<string[]> {
  const start = Date.now();
  for (;;) {
    const left = await alive(held);
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

/** Namespaces, mounts and directories of temporary files whose names hold `name`. */
export function leftovers(name: string, temporary: string): string[] {
  const namespaces = list('/var/run/netns').filter((one) => one.includes(name));
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const directories = list(temporary).filter((one) => one.includes(name));
  return [
    ...namespaces.map((one) => `namespace ${one}`),
    ...mounts.filter((line) => line.includes(name)).map((line) => `mount ${line.split(' ')[1] ?? ''}`),
    ...directories.map((one) => `directory ${join(temporary, one)}`),
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
  for (const namespace of list('/var/run/netns').filter((one) => one.includes(name))) {
    for (const pid of await processesIn(namespace)) process.kill(pid, 'SIGKILL');
    await must('ip', ['netns', 'del', namespace]);
  }
  // Those of the namespaces went with them; what is mounted within another mount goes first.
  const mounts = leftovers(name, temporary).filter((one) => one.startsWith('mount '));
  for (const mount of mounts.reverse()) await must('umount', [mount.slice('mount '.length)]);
  for (const directory of list(temporary).filter((one) => one.includes(name))) {
    rmSync(join(temporary, directory), { recursive: true, force: true });
  }
  return found;
}

/** Processes in a namespace. */
export async function processesIn(namespace: string): Promise<number[]> {
  const pids = await must('ip', ['netns', 'pids', namespace]);
  return pids.split('\n').filter(Boolean).map(Number);
}
