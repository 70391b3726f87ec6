// The egress program as a filter of clsact, for kernels without TCX links (before Linux 6.6). A filter has no pin: its program has, and the
// filter is ours where it runs that. Several stand beside each other, each with a handle of its own; all run, since they decide nothing.
// Sources: struct bpf_tc_hook and struct bpf_tc_opts in bpf/libbpf.h (libbpf 1.1), net/sched/cls_bpf.c.
import { createHash } from 'node:crypto';
import { KernelError } from '../model/errors.js';
import { type Call, callFailed, describeErrno, once, openLibbpf } from './ffi.js';
import { silenceLibbpf } from './libbpf-log.js';
import { type Open, openProgram, programId, programTag } from './pinned.js';

/** Of our filters, in `tc filter show`: what others attach by hand mostly has 1 or 49152, which the kernel gives. */
export const PRIORITY = 30_827;

const BPF_TC_EGRESS = 2; // enum bpf_tc_attach_point
const BPF_TC_F_REPLACE = 1;
const HOOK_BYTES = 24;
const OPTS_BYTES = 32;
/** Where things are in struct bpf_tc_opts. */
const AT = { program: 8, flags: 12, programId: 16, handle: 20, priority: 24 };
const { ENOENT, EEXIST, EINVAL, ENODEV } = { ENOENT: 2, EEXIST: 17, EINVAL: 22, ENODEV: 19 };

const calls = once(() => {
  const lib = openLibbpf();
  return {
    createHook: lib.func('int bpf_tc_hook_create(void *hook)') as Call,
    attach: lib.func('int bpf_tc_attach(const void *hook, _Inout_ void *opts)') as Call,
    detach: lib.func('int bpf_tc_detach(const void *hook, const void *opts)') as Call,
    query: lib.func('int bpf_tc_query(const void *hook, _Inout_ void *opts)') as Call,
  };
});

/** Attaches the program beside all filters that are there. Throws a KernelError where somebody else has our handle. */
export function attachFilter(program: Open, ifindex: number, digest: string): void {
  const call = `record what leaves interface ${ifindex} by a filter of clsact`;
  const made = silenceLibbpf(() => calls().createHook(hookOf(ifindex)));
  if (made < 0 && made !== -EEXIST) throw callFailed(call, -made, NEEDS);
  const result = attach(program, ifindex, digest, 0);
  if (result === -EEXIST && isOurs(program, ifindex, digest)) {
    const replaced = attach(program, ifindex, digest, BPF_TC_F_REPLACE);
    if (replaced < 0) throw callFailed(call, -replaced, NEEDS);
    return;
  }
  if (result === -EEXIST) {
    const [code] = describeErrno(EEXIST);
    throw new KernelError(call, EEXIST, code, 'another program has the handle and priority of ours', {
      hint: `Not xdpkeep's doing: give that filter another priority than ${PRIORITY}, or remove it (tc filter show dev ... egress).`,
    });
  }
  if (result < 0) throw callFailed(call, -result, NEEDS);
}

const NEEDS =
  'Rules with `connection` need TCX links (Linux 6.6), or the modules sch_ingress and cls_bpf of Linux 6.1 or later.';

function attach(program: Open, ifindex: number, digest: string, flags: number): number {
  const opts = optsOf(digest);
  opts.writeInt32LE(program.number, AT.program);
  opts.writeUInt32LE(flags, AT.flags);
  return silenceLibbpf(() => calls().attach(hookOf(ifindex), opts));
}

/** Left by a run that was killed: the same instructions. */
function isOurs(program: Open, ifindex: number, digest: string): boolean {
  using there = openProgram(filterProgram(ifindex, digest) ?? 0);
  return there !== undefined && programTag(there) === programTag(program);
}

/** Does the filter run this program there? */
export function runsFilter(program: Open, ifindex: number, digest: string): boolean {
  return filterProgram(ifindex, digest) === programId(program);
}

/** Removes the filter if it runs this program; clsact itself stays, for whoever uses it. */
export function detachFilter(program: Open, ifindex: number, digest: string): void {
  if (!runsFilter(program, ifindex, digest)) return;
  const result = silenceLibbpf(() => calls().detach(hookOf(ifindex), optsOf(digest)));
  if (result < 0 && result !== -ENOENT)
    throw callFailed(`record no more what leaves interface ${ifindex}`, -result);
}

/** Id of the program of our filter; `undefined` where there is none. */
function filterProgram(ifindex: number, digest: string): number | undefined {
  const opts = optsOf(digest);
  const result = silenceLibbpf(() => calls().query(hookOf(ifindex), opts));
  if (result === 0) return opts.readUInt32LE(AT.programId);
  if ([-ENOENT, -EINVAL, -ENODEV].includes(result)) return undefined; // no filter, no clsact, no interface
  throw callFailed(`read the filters of interface ${ifindex}`, -result);
}

function hookOf(ifindex: number): Buffer {
  const hook = Buffer.alloc(HOOK_BYTES);
  hook.writeBigUInt64LE(BigInt(HOOK_BYTES), 0);
  hook.writeInt32LE(ifindex, 8);
  hook.writeInt32LE(BPF_TC_EGRESS, 12);
  return hook;
}

/** The handle is of the digest, so that the program of another release has another one. */
function optsOf(digest: string): Buffer {
  const opts = Buffer.alloc(OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(OPTS_BYTES), 0);
  const handle = createHash('sha256').update(digest).digest().readUInt32LE(0) || 1;
  opts.writeUInt32LE(handle, AT.handle);
  opts.writeUInt32LE(PRIORITY, AT.priority);
  return opts;
}
