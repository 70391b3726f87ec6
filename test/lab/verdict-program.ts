// XDP programs that say one thing, for the ends of a lab.
// needs: lab
import { Fd } from '../../src/kernel/fd.js';
import { checked, libbpf } from '../../src/kernel/ffi.js';

const BPF_PROG_TYPE_XDP = 6;
/** enum xdp_action, uapi/linux/bpf.h */
const VERDICTS = { pass: 2, tx: 3 } as const;

/** `r0 = VERDICT; exit` */
export function loadVerdict(verdict: keyof typeof VERDICTS): Fd {
  const code = Buffer.from('b7000000000000009500000000000000', 'hex');
  code.writeUInt32LE(VERDICTS[verdict], 4);
  return new Fd(
    checked('load a verdict', libbpf().progLoad(BPF_PROG_TYPE_XDP, verdict, 'GPL', code, 2, null)),
  );
}
