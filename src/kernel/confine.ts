// dist/confine.js, started by confined.ts: gives up its rights and then executes a command that comes from state files. When one of
// the rights cannot be given up, it fails and does not execute the command.
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { type Confinement, UNCONFINED } from './confinement.js';
import { type Call, callFailed, lastErrno, openLibc } from './ffi.js';

const CLONE_NEWNS = 0x20000; // linux/sched.h
const PR_CAPBSET_READ = 23; // uapi/linux/prctl.h
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const CAPABILITY_VERSION_3 = 0x20080522; // uapi/linux/capability.h
const MOST_CAPABILITIES = 64;
const SIGPIPE = 13;
const F_SETFD = 2; // uapi/linux/fcntl.h
const F_GETFL = 3;
const F_SETFL = 4;
const NOT_RUN = 127; // as a shell says it
const O_PATH = 0o10000000;

/** uapi/linux/landlock.h; these system calls have the same number on every architecture. */
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const ASK_VERSION = 1;
const PATH_BENEATH = 1;
/** Number of access rights to files in Landlock ABI 1, 2, ...; the last one holds for all later versions. */
const KINDS = [13, 14, 15, 15, 16];
const EXECUTE = 1n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_FOLDER = 1n << 3n;
const TRUNCATE = 1n << 14n;
/** The access rights that a rule for a file, not a folder, may have. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
const NETWORK = 3n; // bind and connect of TCP, from version 4 on
const SCOPES = 3n; // abstract sockets and signals of others, from version 6 on

const libc = openLibc();
const unshare = libc.func('int unshare(int flags)') as Call;
const prctl = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
) as Call;
const capset = libc.func('int capset(const void *header, const void *data)') as Call;
const landlock = libc.func(
  'long syscall(long number, const void *attributes, size_t size, long flags)',
) as Call;
const addRule = libc.func(
  'long syscall(long number, long fd, long kind, const void *rule, long flags)',
) as Call;
const restrictSelf = libc.func('long syscall(long number, long fd, long flags)') as Call;
const fcntl = libc.func('int fcntl(int fd, int command, int flags)') as Call;
const signal = libc.func('void *signal(int number, void *handler)') as Call<unknown>;
const execve = libc.func(
  'int execve(const char *file, const char **arguments, const char **environment)',
) as Call;

function checked(name: string, result: number): number {
  if (result < 0) throw callFailed(name, lastErrno());
  return result;
}

/** Returns only when execve(2) fails. */
function confineAndExecute([file = '', ...args]: string[], confinement: Confinement): void {
  const { user } = confinement;
  if (user !== undefined) checked('unshare', unshare(CLONE_NEWNS));
  checked('prctl', prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (confinement.readable) restrictFiles(confinement);
  if (user !== undefined) giveUpRights(user);
  process.umask(0o022);
  signal(SIGPIPE, null); // Node ignores it, and the command would inherit that
  for (const fd of [0, 1, 2]) {
    checked('fcntl', fcntl(fd, F_SETFD, 0)); // Node would close them
    // Node 24 makes pipes non-blocking; with a full pipe the command would get EAGAIN, and fail.
    const flags = checked('fcntl', fcntl(fd, F_GETFL, 0));
    checked('fcntl', fcntl(fd, F_SETFL, flags & ~constants.O_NONBLOCK));
  }
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  execve(file, [file, ...args, null], [...environment, null]);
  const { message } = callFailed(`execve ${file}`, lastErrno());
  process.stderr.write(`${message}\n`);
  process.exitCode = NOT_RUN;
}

/** Empties every set of capabilities, the bounding set too, and changes the user and group. */
function giveUpRights(user: number): void {
  for (let one = 0; one < MOST_CAPABILITIES; one++) {
    if (prctl(PR_CAPBSET_READ, one, 0, 0, 0) < 0) break; // the kernel has no more
    checked('prctl', prctl(PR_CAPBSET_DROP, one, 0, 0, 0));
  }
  process.setgroups?.([]);
  process.setgid?.(user);
  process.setuid?.(user);
  const header = Buffer.alloc(8);
  if (endianness() === 'LE') header.writeUInt32LE(CAPABILITY_VERSION_3);
  else header.writeUInt32BE(CAPABILITY_VERSION_3);
  checked('capset', capset(header, Buffer.alloc(24)));
}

/** Restricts files to these paths and forbids TCP and signals, as far as the Landlock of this kernel can. */
function restrictFiles({ readable = [], writable = [] }: Confinement): void {
  const version = checked('landlock_create_ruleset', landlock(CREATE_RULESET, null, 0, ASK_VERSION));
  const known = (1n << BigInt(KINDS[Math.min(version, KINDS.length) - 1] ?? 0)) - 1n;
  const attributes = new BigUint64Array([known, NETWORK, SCOPES]).subarray(
    0,
    version < 4 ? 1 : version < 6 ? 2 : 3,
  );
  const ruleset = checked(
    'landlock_create_ruleset',
    landlock(
      CREATE_RULESET,
      Buffer.from(attributes.buffer, 0, attributes.byteLength),
      attributes.byteLength,
      0,
    ),
  );
  const allow = (path: string, access: bigint): void => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return;
    const fd = openSync(path, O_PATH);
    const rule = Buffer.alloc(12);
    const accepted = new BigUint64Array([access & known & (found.isDirectory() ? known : OF_FILES)]);
    rule.set(Buffer.from(accepted.buffer));
    if (endianness() === 'LE') rule.writeInt32LE(fd, 8);
    else rule.writeInt32BE(fd, 8);
    checked('landlock_add_rule', addRule(ADD_RULE, ruleset, PATH_BENEATH, rule, 0));
    closeSync(fd);
  };
  for (const path of readable) allow(path, EXECUTE | READ_FILE | READ_FOLDER);
  for (const path of writable) allow(path, known & ~EXECUTE);
  checked('landlock_restrict_self', restrictSelf(RESTRICT_SELF, ruleset, 0));
}

const [confinement = '{}', ...command] = process.argv.slice(2);
try {
  confineAndExecute(command, JSON.parse(confinement) as Confinement);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = UNCONFINED;
}
