// Probes once what this kernel supports. Version numbers are not enough: distributions backport features.
import { Fd } from './fd.js';
import { checked, libbpf, once } from './ffi.js';

const BPF_PROG_TYPE_SCHED_CLS = 3; // enum bpf_prog_type, uapi/linux/bpf.h
const BPF_PROG_TYPE_XDP = 6;
const BPF_XDP = 37;
export const BPF_TCX_EGRESS = 47;
const XDP_FLAGS_HW_MODE = 8;
const EOPNOTSUPP = 95;
const ENODEV = 19;
const NO_INTERFACE = 0;
const LOOPBACK = 1; // its ifindex in every network namespace

/** `return XDP_PASS`: r0 = 2; exit */
const PASS = Buffer.from('b7000000020000009500000000000000', 'hex');

/**
 * Does this kernel have links for XDP (Linux 5.9)? The probe asks for offload on the loopback, which never succeeds and so attaches
 * nothing: a kernel with XDP links answers EOPNOTSUPP, one without them does not know the attach type (EINVAL).
 */
export const hasXdpLinks = once(() => {
  using program = loadProbe(BPF_PROG_TYPE_XDP);
  const opts = { sz: 72, flags: XDP_FLAGS_HW_MODE, pad: [] };
  return libbpf().linkCreate(program.number, LOOPBACK, BPF_XDP, opts) === -EOPNOTSUPP;
});

/**
 * Does this kernel have TCX links (Linux 6.6)? No interface has the number that is asked for: a kernel that knows the attach type says so,
 * another one knows nothing of it (EINVAL). With XDPKEEP_NO_TCX=1, which tests set, it is as if it knew nothing.
 */
export const hasTcxLinks = once(() => {
  if (process.env['XDPKEEP_NO_TCX'] === '1') return false;
  using program = loadProbe(BPF_PROG_TYPE_SCHED_CLS);
  return libbpf().linkCreate(program.number, NO_INTERFACE, BPF_TCX_EGRESS, null) === -ENODEV;
});

function loadProbe(type: number): Fd {
  const load = libbpf().progLoad(type, 'probe', 'GPL', PASS, PASS.length / 8, null);
  return new Fd(checked('load a probe', load));
}
