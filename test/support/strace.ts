// The system calls of a run, its threads and its tools included, that change something: what a pass without work must
// not make. Everything is told by strace(1), whose -y names the file behind each descriptor.
// needs: lab strace
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Lab } from '../lab.js';
import { finish, type Finished, within } from '../lab/exec.js';

export interface Trace {
  finished: Finished;
  /** Programs that were run, in no order. */
  executed: string[];
  /** Calls that change files, mounts, BPF objects or interfaces, as strace prints them. */
  changing: string[];
}

/** Calls that always change something. */
const CHANGING = [
  ['mount', 'umount2', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'mkdir', 'mkdirat', 'rmdir'],
  ['symlink', 'symlinkat', 'link', 'linkat', 'mknod', 'mknodat', 'truncate', 'ftruncate', 'fallocate'],
  ['chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'lchown', 'fchownat', 'utimensat', 'copy_file_range'],
].flat();
/** Calls whose arguments say it. */
const JUDGED = [
  'bpf',
  'open',
  'openat',
  'creat',
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'sendto',
  'sendmsg',
];

/** Runs `xdpkeep ARGS` on the firewall's side of a lab. */
export async function trace(lab: Lab, args: string[]): Promise<Trace> {
  const output = mkdtempSync(join(lab.directory, 'strace-'));
  const calls = ['execve', ...CHANGING, ...JUDGED].join();
  const where = ['--state', lab.state, '--host', 'lab', '--bpffs', lab.bpffs, '--data-dir', lab.dataDir];
  const run = [process.execPath, resolve('dist/xdpkeep.js'), ...args, ...where];
  const strace = [
    'strace',
    '-ff',
    '-y',
    '-s',
    '64',
    '-o',
    join(output, 'thread'),
    '-e',
    `trace=${calls}`,
    ...run,
  ];
  const finished = await finish(...within(lab.network.firewall, strace));
  const lines = readdirSync(output).flatMap((file) => readFileSync(join(output, file), 'utf8').split('\n'));
  const executed = lines.flatMap((line) => /^execve\("([^"]+)".* = 0$/.exec(line)?.[1] ?? []);
  return { finished, executed, changing: lines.filter(isChanging) };
}

function isChanging(line: string): boolean {
  const call = /^(\w+)\(/.exec(line)?.[1];
  if (call === undefined || call === 'execve') return false;
  if (call === 'bpf') return !READING.test(line);
  if (call.startsWith('open'))
    return /O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(line) && !line.includes('"/dev/');
  if (call.startsWith('send')) return /nlmsg_type=(?!RTM_GET)/.test(line);
  // A pipe, a socket or an event counter has no path.
  if (call.includes('write')) return /^\w+\(\d+<\/(?!dev\/)/.test(line);
  return true;
}

/** Looking something up, opening it by pin or by id, asking what it is. */
const READING =
  /^bpf\(BPF_(?:OBJ_GET|OBJ_GET_INFO_BY_FD|\w+_GET_NEXT_ID|\w+_GET_FD_BY_ID|PROG_QUERY|MAP_LOOKUP_ELEM|MAP_GET_NEXT_KEY),/;
