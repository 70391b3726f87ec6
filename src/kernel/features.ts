// Probes once what this kernel supports. Version numbers are not enough: distributions backport features.
import { Fd } from './fd.js';
import { checked, libbpf, once } from './ffi.js';

const BPF_PROG_TYPE_XDP = 6; // enum bpf_prog_type, uapi/linux/bpf.h
const BPF_XDP = 37;
const XDP_FLAGS_HW_MODE = 8;
const EOPNOTSUPP = 95;
const LOOPBACK = 1; // its ifindex in every network namespace

/** `return XDP_PASS`: r0 = 2; exit */
const PASS = Buffer.from('b7000000020000009500000000000000', 'hex');

/**
 * Does this kernel have links for XDP (Linux 5.9)? The probe asks for offload on the loopback, which never succeeds and so attaches
 * nothing: a kernel with XDP links answers EOPNOTSUPP, one without them does not know the attach type (EINVAL).
 */
export const hasXdpLinks = once(() => {
  const instructions = PASS.length / 8;
  const load = libbpf().progLoad(BPF_PROG_TYPE_XDP, 'probe', 'GPL', PASS, instructions, null);
  using program = new Fd(checked('load a probe', load));
  const opts = { sz: 72, flags: XDP_FLAGS_HW_MODE, pad: [] };
  return libbpf().linkCreate(program.number, LOOPBACK, BPF_XDP, opts) === -EOPNOTSUPP;
});
