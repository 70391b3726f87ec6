// Attaches XDP programs: our own through links, a foreign one that is given back through netlink. Every change names the program
// that it expects to replace (compare-and-swap), so that a race ends in an error and overwrites nothing.
import type { AttachMode } from '../model/desired.js';
import { EnvironmentError, KernelError } from '../model/errors.js';
import { describeDevice, type Device } from './device.js';
import { hasXdpLinks } from './features.js';
import { Fd } from './fd.js';
import { linkInfo, type Open } from './pinned.js';
import { checked, describeErrno, libbpf } from './ffi.js';
import { captureLibbpf } from './libbpf-log.js';
import { adviseNative, deviceWords, isDriversRefusal } from './native-refusal.js';
import { xdpFeatures } from './netdev.js';

const BPF_XDP = 37; // enum bpf_attach_type, uapi/linux/bpf.h
const EEXIST = 17;
const EINVAL = 22;
const BPF_F_REPLACE = 4;
const XDP_FLAGS_REPLACE = 16; // uapi/linux/if_link.h
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;

const MODE_FLAGS: Record<AttachMode, number> = { generic: 2, native: 4, offload: 8 };

/**
 * Attaches a program. It stays attached while the returned link is open or pinned. Throws a NativeRefusedError when the driver
 * refuses native mode, an EnvironmentError on a kernel without XDP links, else a KernelError or a PermissionError.
 */
export function createLink(program: Open, ifindex: number, mode: AttachMode): Fd {
  const opts = { sz: 72, flags: MODE_FLAGS[mode], pad: [] };
  const call = `attach XDP (${mode}) to interface ${ifindex}`;
  const result = libbpf().linkCreate(program.number, ifindex, BPF_XDP, opts);
  if (result === -EINVAL && !hasXdpLinks()) {
    throw new EnvironmentError('this kernel has no XDP links', { hint: 'Run Linux 5.9 or later.' });
  }
  if (result === -EEXIST) {
    const said = hearRefusal(program, ifindex, mode);
    if (said !== undefined && /upper device/i.test(said)) throw refusedBelow(call, said);
  }
  if (result < 0 && mode === 'native' && isDriversRefusal(describeErrno(-result)[0])) {
    const device = describeDevice(ifindex);
    if (device) throw nativeRefused(call, -result, program, ifindex, device); // one that is gone has no driver
  }
  return new Fd(checked(call, result, attachHint(mode)));
}

/** The driver does not run this program natively. */
export class NativeRefusedError extends KernelError {}

function nativeRefused(
  call: string,
  errno: number,
  program: Open,
  ifindex: number,
  device: Device,
): NativeRefusedError {
  const [code, text] = describeErrno(errno);
  const features = xdpFeatures(ifindex);
  const said = hearRefusal(program, ifindex, 'native');
  const refusal = {
    code,
    ...(said !== undefined && { said }),
    device,
    ...(features && { features }),
  };
  const why = said === undefined ? text : `the kernel says "${said}"`;
  return new NativeRefusedError(call + deviceWords(device), errno, code, why, {
    hint: adviseNative(refusal),
  });
}

/** An upper interface (bridge, bond, VLAN) has a program; the kernel then refuses one on a lower interface. */
function refusedBelow(call: string, said: string): KernelError {
  return new KernelError(call, EEXIST, 'EEXIST', `the kernel says "${said}"`, {
    hint: 'An interface above it (bridge, bond, VLAN) has a program, and the kernel then accepts none below: detach that one first. xdpkeep detaches and attaches its own programs there by itself.',
  });
}

/**
 * The kernel's own explanation (the extended acknowledgement). Only netlink delivers it, so the refused attachment is repeated
 * over netlink. If that one succeeds, the program is detached again.
 */
function hearRefusal(program: Open, ifindex: number, mode: AttachMode): string | undefined {
  const flags = MODE_FLAGS[mode] | XDP_FLAGS_UPDATE_IF_NOEXIST;
  const { result, text } = captureLibbpf(() => libbpf().xdpAttach(ifindex, program.number, flags, null));
  if (result === 0) detachNetlink(ifindex, mode, program);
  return /^libbpf: Kernel error message: (.+)$/m.exec(text)?.[1]?.trim();
}

/** Compare-and-swap: fails (EPERM) unless the link still runs `expected`. */
export function swapProgram(link: Open, program: Open, expected: Open): void {
  const opts = { sz: 16, flags: BPF_F_REPLACE, old_prog_fd: expected.number };
  const call = 'swap the program of a link';
  const result = libbpf().linkUpdate(link.number, program.number, opts);
  if (result === -EPERM) {
    throw new KernelError(call, EPERM, 'EPERM', 'the link no longer runs the program that was seen', {
      hint: 'Another process changed it meanwhile: run reconcile again.',
    });
  }
  const [code, text] = describeErrno(-result);
  const device = result < 0 && isDriversRefusal(code) ? describeDevice(linkInfo(link).ifindex) : undefined;
  if (device) {
    const features = xdpFeatures(linkInfo(link).ifindex);
    const hint = `What runs keeps running. ${adviseNative({ code, device, ...(features && { features }) })}`;
    throw new KernelError(call + deviceWords(device), -result, code, text, { hint });
  }
  checked(call, result);
}

/** errno.h; from a link update it means that the link runs another program, not that a capability is missing. */
const EPERM = 1;

/** Ends a link's attachment even while other processes hold the link. Used to take over from a foreign link. */
export function detachLink(link: Open): void {
  checked('detach a link', libbpf().linkDetach(link.number));
}

/** Detaches a program that was attached through netlink; fails (EEXIST) unless it is `expected`. */
export function detachNetlink(ifindex: number, mode: AttachMode, expected: Open): void {
  const flags = MODE_FLAGS[mode] | XDP_FLAGS_REPLACE;
  const opts = { sz: 16, old_prog_fd: expected.number, end: 0 };
  checked(`detach the foreign program of interface ${ifindex}`, libbpf().xdpDetach(ifindex, flags, opts));
}

/** Id of the program that the kernel shows on an interface in one mode; 0 when there is none. */
export function attachedProgram(ifindex: number, mode: AttachMode): number {
  const id = [0];
  checked(`query XDP of interface ${ifindex}`, libbpf().xdpQueryId(ifindex, MODE_FLAGS[mode], id));
  return id[0] ?? 0;
}

/** Attaches through netlink, as `ip link` does; fails (EBUSY) when the interface has a program. */
export function attachNetlink(ifindex: number, mode: AttachMode, program: Open): void {
  const flags = MODE_FLAGS[mode] | XDP_FLAGS_UPDATE_IF_NOEXIST;
  checked(
    `give the foreign program back to interface ${ifindex}`,
    libbpf().xdpAttach(ifindex, program.number, flags, null),
  );
}

function attachHint(mode: AttachMode): string {
  if (mode === 'offload') return 'Few devices run XDP themselves: use mode native or generic.';
  return 'Look at `bpftool net show`: another program may hold the interface.';
}
