// Explains why a driver refused a native program and what to change. Drivers use the same few errnos for different causes, so the
// extended acknowledgement and the properties of the device decide as well. Pure.
import { ONE_PAGE } from '../model/observed.js';
import type { Device } from './device.js';
import type { XdpFeatures } from './netdev.js';

/**
 * Names of errnos that do not come from the driver: missing rights (EPERM, EACCES), another program on the interface (EBUSY, EEXIST),
 * no such interface (ENODEV), no memory, no file descriptor, an interrupted call. Every other errno is the driver's refusal, and
 * mode `auto` then falls back.
 */
const NOT_THE_DRIVERS = new Set([
  ...['EPERM', 'EACCES', 'EBUSY', 'EEXIST', 'ENODEV'],
  ...['ENOMEM', 'EMFILE', 'ENFILE', 'EINTR', 'EAGAIN'],
]);

/** `code`: the name of an errno. */
export function isDriversRefusal(code: string): boolean {
  return !NOT_THE_DRIVERS.has(code);
}

export interface Refusal {
  /** Name of the errno, as Node has it: EOPNOTSUPP is `ENOTSUP`. */
  code: string;
  /** The kernel's extended acknowledgement, where there is one. */
  said?: string;
  device?: Device;
  /** Absent where the kernel does not report them. */
  features?: XdpFeatures;
}

/** ` (driver veth, MTU 9000, 1 receive queue)`; nothing where nothing is known. */
export function deviceWords({ driver, mtu, queues }: Device): string {
  const words = [
    ...(driver === undefined ? [] : [`driver ${driver}`]),
    ...(mtu === undefined ? [] : [`MTU ${mtu}`]),
    ...(queues ? [`${queues.rx} receive and ${queues.tx} transmit queues`] : []),
  ];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

/** What to change, as one or two sentences. */
export function adviseNative(refusal: Refusal): string {
  const topic = TOPICS.find(({ said, otherwise }) =>
    refusal.said !== undefined && KNOWN.test(refusal.said) ? said.test(refusal.said) : otherwise(refusal),
  );
  const name = refusal.device?.name ?? 'the interface';
  return `${topic?.advice(name, refusal.device?.driver) ?? UNKNOWN} ${INSTEAD}`;
}

interface Topic {
  said: RegExp;
  /** Decides where there is no extended acknowledgement, or one that no topic knows. */
  otherwise: (refusal: Refusal) => boolean;
  advice: (name: string, driver: string | undefined) => string;
}

const TOPICS: Topic[] = [
  {
    said: /LRO|GRO_HW|HW[ _-]?GRO|header.?split/i,
    otherwise: ({ device }) => device?.lro === true,
    advice: (name) => `Turn merging of received packets off: ethtool -K ${name} lro off rx-gro-hw off.`,
  },
  {
    said: /\bMTU\b|frags?\b|fragments|single.buffer|too (?:large|big)/i,
    otherwise: ({ code, device, features }) =>
      features?.native !== false && (code === 'ERANGE' || (device?.mtu ?? 0) > ONE_PAGE),
    advice: (name, driver) =>
      driver === 'veth'
        ? `Lower the MTU of the other end of the pair to ${ONE_PAGE} or less: ip link set PEER mtu ${ONE_PAGE}. ${TAKE_FRAGS}`
        : `Lower its MTU: ip link set ${name} mtu 1500, or the largest value that the driver's documentation allows with XDP. ${TAKE_FRAGS}`,
  },
  {
    said: /queue|\brings?\b|channel|\bCPU/i,
    otherwise: ({ code }) => code === 'ENOSPC',
    advice: (name, driver) =>
      driver === 'veth'
        ? `Give ${name} as many receive queues as its peer has transmit queues: ethtool -L ${name} rx N, or ethtool -L PEER tx N.`
        : `Free queues for XDP, which wants one for each processor: ethtool -L ${name} combined N with half of the maximum, or fewer.`,
  },
  {
    said: /peer/i,
    otherwise: ({ code }) => code === 'ENOTCONN',
    advice: (name) => `${name} has no peer any more: create the pair again.`,
  },
  {
    said: /not support/i,
    otherwise: ({ code, features }) =>
      features?.native === false || code === 'ENOTSUP' || code === 'ENOTSUPP',
    advice: (_name, driver) =>
      `The driver${driver === undefined ? '' : ` ${driver}`} cannot run XDP programs.`,
  },
];

const TAKE_FRAGS = 'Or let the program take frames in several buffers: SEC("xdp.frags"), as policies do.';
const KNOWN = new RegExp(TOPICS.map(({ said }) => said.source).join('|'), 'i');
const UNKNOWN = 'The driver, its MTU, its queues or its offloads may not allow native XDP.';
const INSTEAD = 'Mode generic works everywhere, and mode auto falls back to it.';
