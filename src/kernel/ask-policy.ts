// Asks a loaded policy program about a packet: which record decides, and with which verdict. The program may be attached or not.
// A question is not counted, sampled or rate-limited. Protocol: bpf/question.h.
import { CONNECTION_STATES, type ConnectionState } from '../model/policy.js';
import { checked, libbpf } from './ffi.js';

/** "xdkp", struct question in bpf/question.h: u32 magic, u32 record. */
export const QUESTION = 0x78646b70;
export const QUESTION_BYTES = 8;
/** Written to `record` by the caller: the program looks up blocks too; and, from this bit on, the state of the connection. */
export const WITH_BLOCKS = 1;
export const CONNECTION_SHIFT = 8;
const CONTEXT_BYTES = 24;
const OPTS_BYTES = 80;
const HEADROOM = 256;

/**
 * The most bytes of a frame. The kernel splits a longer one into several buffers, and a program sees only the first: with pages
 * of 4 KiB that happens at about 3,500 bytes (net/bpf/test_run.c).
 */
export const LONGEST_QUESTION = 3072;

export interface Answer {
  /** enum xdp_action, uapi/linux/bpf.h. */
  verdict: number;
  /** Index in FirewallTables.owners. */
  record: number;
}

/** What a question is about beside the packet. */
export interface About {
  /** What operators have blocked as well; else the policy alone. */
  blocks?: true;
  /** What the packet is to the connections of the host; else what its tables say. */
  connection?: ConnectionState;
}

/**
 * `frame` is 14 to LONGEST_QUESTION bytes. The question is passed as XDP metadata: it lies in front of the frame, and `data` in the
 * context is its length (bpf_prog_test_run_xdp() in net/bpf/test_run.c; Linux 5.15). Throws a KernelError or a PermissionError.
 */
export function askPolicy(program: number, frame: Uint8Array, about: About = {}): Answer {
  const input = Buffer.alloc(QUESTION_BYTES + frame.length);
  input.writeUInt32LE(QUESTION, 0);
  const state = about.connection ? CONNECTION_STATES.indexOf(about.connection) + 1 : 0;
  input.writeUInt32LE((about.blocks ? WITH_BLOCKS : 0) | (state << CONNECTION_SHIFT), 4);
  input.set(frame, QUESTION_BYTES);
  const context = Buffer.alloc(CONTEXT_BYTES);
  context.writeUInt32LE(QUESTION_BYTES, 0); // data
  context.writeUInt32LE(input.length, 4); // data_end
  const output = Buffer.alloc(input.length + HEADROOM);
  const opts = {
    sz: OPTS_BYTES,
    data_in: input,
    data_out: output,
    data_size_in: input.length,
    data_size_out: output.length,
    ctx_in: context,
    ctx_out: null,
    ctx_size_in: CONTEXT_BYTES,
    ctx_size_out: 0,
    retval: 0,
    repeat: 1,
    duration: 0,
    flags: 0,
    cpu: 0,
    batch_size: 0,
  };
  checked('ask a program about a packet', libbpf().testRun(program, opts));
  return { verdict: opts.retval, record: output.readUInt32LE(4) };
}
