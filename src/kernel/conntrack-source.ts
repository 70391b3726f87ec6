// Is conntrack good as a source here: can programs of this kernel ask it, and does it follow packets in this network namespace? It
// follows none until a rule asks for it, and few kernels tell (CONFIG_NETFILTER_NETLINK_HOOK is rare; entries stay for days when such a
// rule goes, so that their number proves nothing). So it is tried: this host sends itself an empty datagram over the loopback, and
// asks about the answer to it, by the same call as the firewall. That costs no packet of others anything.
import type { Tracking } from '../model/connections.js';
import { XdpkeepError } from '../model/errors.js';
import { PROTOCOLS } from '../model/names.js';
import { conntrackFlows } from './conntrack.js';
import { flowOf } from './connection-seeds.js';
import { Fd } from './fd.js';
import { checked, lastErrno, libc } from './ffi.js';
import { BpfObject } from './object.js';
import { testRun, VERDICT } from './testrun.js';

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

/** struct sockaddr_in and sockaddr_in6, with the port 0, and where the port and the address are (uapi/linux/in.h, in6.h). */
const FAMILIES = [
  { name: 'IPv4', domain: 2, bytes: 16, address: [4, 8], loopback: Buffer.from([127, 0, 0, 1]) },
  {
    name: 'IPv6',
    domain: 10,
    bytes: 28,
    address: [8, 24],
    loopback: Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
  },
] as const;
const PORT = 2;

const UNFOLLOWED =
  'it does not follow a datagram that this host sends itself over the loopback: no rule of nftables or iptables asks for it, or one says `notrack`';

/** `question`: the program of bpf/conntrack_question.bpf.c. Throws a PermissionError where this process may not load it. */
export function tryConntrack(question: { bytes: Uint8Array; function: string }): Tracking {
  if (conntrackFlows() === undefined)
    return { follows: [], callable: false, reason: 'nf_conntrack is not loaded' };
  using asked = ConntrackQuestion.open(question);
  if (!asked)
    return {
      follows: [],
      callable: false,
      reason: 'programs of this kernel cannot ask it (bpf_xdp_ct_lookup)',
    };
  const tried = FAMILIES.map((family) => ({ name: family.name, sent: trySending(family) }));
  const follows = tried.flatMap(({ name, sent }) =>
    sent instanceof Error || !asked.isTracked(sent) ? [] : [name],
  );
  if (follows.length > 0) return { follows, callable: true };
  const [failure] = tried.flatMap(({ sent }) => (sent instanceof Error ? sent : []));
  const isTried = tried.some(({ sent }) => !(sent instanceof Error));
  const reason = isTried ? UNFOLLOWED : `it cannot be tried: ${failure?.message ?? 'nothing can be sent'}`;
  return { follows, callable: true, reason };
}

/** A loaded question; nothing is attached. */
export class ConntrackQuestion implements Disposable {
  private constructor(private readonly object: BpfObject) {}

  /** `undefined` where this kernel has no such call. */
  static open({
    bytes,
    function: function_,
  }: {
    bytes: Uint8Array;
    function: string;
  }): ConntrackQuestion | undefined {
    const object = BpfObject.open(bytes, function_);
    if (object.tryLoad()) return new ConntrackQuestion(object);
    object[Symbol.dispose]();
    return undefined;
  }

  /** Is a packet of this flow that comes in here one of a connection that conntrack follows? `flow`: struct flow. */
  isTracked(flow: Uint8Array): boolean {
    return testRun(this.object.programFd(), { data: flow }).verdict === VERDICT.pass;
  }

  [Symbol.dispose](): void {
    this.object[Symbol.dispose]();
  }
}

type Family = (typeof FAMILIES)[number];

function trySending(family: Family): Buffer | XdpkeepError {
  try {
    return sendToSelf(family);
  } catch (error) {
    if (error instanceof XdpkeepError) return error;
    throw error;
  }
}

/** The flow of the answer, which is never given. Throws a KernelError or a PermissionError: a rule drops what leaves. */
function sendToSelf(family: Family): Buffer {
  using from = openSocket(family);
  using to = openSocket(family);
  const [local, remote] = [nameOf(from, family), nameOf(to, family)];
  called(libc().sendto(from.number, Buffer.alloc(1), 0, 0, remote, remote.length));
  const end = (name: Buffer) => ({
    address: name.subarray(...family.address),
    port: name.readUInt16BE(PORT),
  });
  return flowOf({ protocol: PROTOCOLS.udp, remote: end(remote), local: end(local) });
}

/** Bound to a port of the loopback that is free. */
function openSocket({ domain, bytes, address, loopback }: Family): Fd {
  const fd = new Fd(called(libc().socket(domain, SOCK_DGRAM_CLOEXEC, 0)));
  const name = Buffer.alloc(bytes);
  name.writeUInt16LE(domain, 0);
  name.set(loopback, address[0]);
  try {
    called(libc().bind(fd.number, name, bytes));
    return fd;
  } catch (error) {
    fd[Symbol.dispose]();
    throw error;
  }
}

function nameOf(socket: Fd, { bytes }: Family): Buffer {
  const name = Buffer.alloc(bytes);
  called(libc().getsockname(socket.number, name, [bytes]));
  return name;
}

function called(result: number): number {
  return checked('send a datagram over the loopback', result < 0 ? -lastErrno() : result);
}
