// BPF_PROG_TEST_RUN: packets through a loaded program that need not be attached. Source: bpf_prog_test_run_xdp() in
// net/bpf/test_run.c: metadata lies in front of the frame in the buffer and `data` in the context says how long it is.
import { checked, libbpf } from './ffi.js';

/** Bytes of struct xdp_md. */
const CONTEXT_BYTES = 24;
/** A frame can be made longer by a program; the kernel has this much room behind it. */
const GROWTH = 256;
const OPTS_BYTES = 80;

export interface TestRunOptions {
  /** The frame from its Ethernet header on, at least 14 bytes. */
  data: Uint8Array;
  /** Default 1. */
  repeat?: number;
  /** Interface that the packet seems to come from; default none in particular. */
  ingressIfindex?: number;
  /** Metadata in front of the frame: a multiple of 4 bytes, at most 32. */
  meta?: Uint8Array;
}

export interface TestRunResult {
  /** enum xdp_action, uapi/linux/bpf.h. */
  verdict: number;
  /** Average of one run, ns. */
  duration: number;
  /** The frame as the program left it. */
  data: Uint8Array;
  /** The metadata as the program left it. */
  meta: Uint8Array;
}

export function testRun(fd: number, options: TestRunOptions): TestRunResult {
  const metaBytes = options.meta?.length ?? 0;
  const input = Buffer.concat([options.meta ?? Buffer.alloc(0), options.data]);
  const output = Buffer.alloc(input.length + GROWTH);
  const context = Buffer.alloc(CONTEXT_BYTES);
  context.writeUInt32LE(metaBytes, 0); // data
  context.writeUInt32LE(input.length, 4); // data_end
  context.writeUInt32LE(options.ingressIfindex ?? 0, 12);
  const needsContext = metaBytes > 0 || options.ingressIfindex !== undefined;
  const opts = {
    sz: OPTS_BYTES,
    data_in: input,
    data_out: output,
    data_size_in: input.length,
    data_size_out: output.length,
    ctx_in: needsContext ? context : null,
    ctx_out: null,
    ctx_size_in: needsContext ? CONTEXT_BYTES : 0,
    ctx_size_out: 0,
    retval: 0,
    repeat: options.repeat ?? 1,
    duration: 0,
    flags: 0,
    cpu: 0,
    batch_size: 0,
  };
  checked('BPF_PROG_TEST_RUN', libbpf().testRun(fd, opts));
  return {
    verdict: opts.retval,
    duration: opts.duration,
    meta: output.subarray(0, metaBytes),
    data: output.subarray(metaBytes, opts.data_size_out),
  };
}
