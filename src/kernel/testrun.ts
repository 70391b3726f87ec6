// Runs a program on packets without attaching it (BPF_PROG_TEST_RUN), and generates packets with one (live frames).
// Sources: struct xdp_md in uapi/linux/bpf.h, net/bpf/test_run.c.
import { checked, libbpf } from './ffi.js';

/** enum xdp_action, uapi/linux/bpf.h. The kernel treats any other number as aborted. */
export const VERDICT = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

export interface TestRunInput {
  /** The frame, Ethernet header first; at least 14 bytes. */
  data: Uint8Array;
  /** Number of runs, for measuring; each gets the frame as the one before left it. Default 1. */
  repeat?: number;
  /** Ifindex, in this namespace, that the program sees as the ingress interface. Default the loopback. */
  ingressIfindex?: number;
}

export interface TestRunResult {
  /** See VERDICT. */
  verdict: number;
  /** Mean duration of one run, ns. */
  duration: number;
  /** The frame as the program left it. */
  data: Uint8Array;
}

/** XDP_PACKET_HEADROOM: a program may grow the frame by as much. */
const HEADROOM = 256;
const TEST_RUN_OPTS_BYTES = 80; // struct bpf_test_run_opts, libbpf 1.1
const CONTEXT_BYTES = 24;
const BPF_F_TEST_XDP_LIVE_FRAMES = 2;

/** Runs a program; a redirect or tx is only a returned verdict, and no packet is sent. Throws a KernelError. */
export function testRun(program: number, input: TestRunInput): TestRunResult {
  const out = Buffer.alloc(input.data.length + HEADROOM);
  const opts = {
    ...options(input.data, input.ingressIfindex ?? 0),
    data_out: out,
    data_size_out: out.length,
    repeat: input.repeat ?? 1,
  };
  checked('run a program on a test packet', libbpf().testRun(program, opts));
  const { retval, duration, data_size_out } = opts as unknown as Record<string, number>;
  return { verdict: retval ?? -1, duration: duration ?? 0, data: out.subarray(0, data_size_out) };
}

export interface LiveFramesInput {
  data: Uint8Array;
  /** The frames arrive on this interface; a program that returns XDP_TX sends them out of it. */
  ingressIfindex: number;
  /** Number of frames. The call returns when all are processed. */
  repeat: number;
  /** Frames per batch, at most 256. Default 64. */
  batchSize?: number;
}

/** Runs a program on real frames whose verdicts take effect (Linux 5.18), millions a second. Blocks this thread. */
export function liveFrames(program: number, input: LiveFramesInput): void {
  const opts = {
    ...options(input.data, input.ingressIfindex),
    flags: BPF_F_TEST_XDP_LIVE_FRAMES,
    batch_size: input.batchSize ?? 64,
    repeat: input.repeat,
  };
  const hint = 'Live frames need Linux 5.18.';
  checked('run a program on live frames', libbpf().testRun(program, opts), hint);
}

function options(data: Uint8Array, ingressIfindex: number) {
  const context = Buffer.alloc(CONTEXT_BYTES); // struct xdp_md { data, data_end, data_meta, ingress_ifindex, ... }
  context.writeUInt32LE(data.length, 4);
  context.writeUInt32LE(ingressIfindex, 12);
  return {
    sz: TEST_RUN_OPTS_BYTES,
    data_in: data,
    data_size_in: data.length,
    ctx_in: context,
    ctx_size_in: CONTEXT_BYTES,
  };
}
