// The flows that conntrack knows, where it is active in this network namespace: those that this host forwards have no socket here.
// Sources: uapi/linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_tcp.h, nf_conntrack_common.h.
import type { Phase } from '../model/connections.js';
import { KernelError } from '../model/errors.js';
import { PROTOCOLS } from '../model/names.js';
import { textIfThere } from './if-there.js';
import { listAddresses } from './local-routes.js';
import { attributes, list } from './netlink.js';
import { addressText } from './sockets.js';

const NETLINK_NETFILTER = 12;
const CT_GET = 0x101; // NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET
const NFGENMSG = 4;
const CTA = { original: 1, reply: 2, status: 3, protocolInfo: 4 };
const TUPLE = { addresses: 1, protocol: 2 };
const IP = { source4: 1, destination4: 2, source6: 3, destination6: 4 };
const PROTO = { number: 1, sourcePort: 2, destinationPort: 3, id: 4, id6: 7 };
const TCP = { info: 1, state: 1 };
const SEEN_REPLY = 2; // IPS_SEEN_REPLY

/** enum tcp_conntrack: in which phase the side is that opened the connection. One that is closed is of no interest. */
const PHASES: Readonly<Record<number, Phase>> = {
  ...{ 1: 'opening', 2: 'opening', 3: 'flowing', 4: 'closing', 5: 'closing', 6: 'closing', 7: 'closing' },
  9: 'opening',
};

/** One end, as packets name it. */
interface End {
  /** 4 or 16 bytes in network order. */
  address: Buffer;
  port: number;
}

/** A flow in the form in which packets of it come in. */
export interface TrackedFlow {
  /** Of IP. */
  protocol: number;
  remote: End;
  local: End;
  phase: Phase;
}

/**
 * Flows that it knows; `undefined` where this kernel has no conntrack, or its module is not loaded. It follows packets once some rule asks it
 * to, of which few kernels tell (CONFIG_NETFILTER_NETLINK_HOOK is rare): what it counts is what everybody can see (nf_conntrack-sysctl.rst).
 */
export function conntrackFlows(): number | undefined {
  const count = textIfThere('/proc/sys/net/netfilter/nf_conntrack_count');
  return count === undefined ? undefined : Number(count);
}

/** Empty where conntrack does nothing: asking it then would load its modules. */
export function listTracked(): TrackedFlow[] {
  if ((conntrackFlows() ?? 0) === 0) return [];
  const own = new Set(listAddresses().map(({ address }) => address));
  // What this host sends comes in at nobody's.
  return dump().flatMap((message) =>
    readEntry(attributes(message.subarray(NFGENMSG))).filter(
      ({ remote }) => !own.has(addressText(remote.address)),
    ),
  );
}

/** Empty where there is no nf_conntrack_netlink, which answers (EINVAL, nfnetlink_rcv_msg in the kernel). */
function dump(): Buffer[] {
  try {
    return list(NETLINK_NETFILTER, CT_GET, Buffer.alloc(NFGENMSG));
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EINVAL') return [];
    throw error;
  }
}

/** What was asked for comes in in the form of the answer; once there was one, what is asked comes in to who answers. */
function readEntry(entry: Map<number, Buffer>): TrackedFlow[] {
  const [original, reply] = [CTA.original, CTA.reply].map((one) => readTuple(entry.get(one)));
  if (!original || !reply) return [];
  const phase = original.protocol === PROTOCOLS.tcp ? tcpPhase(entry.get(CTA.protocolInfo)) : 'flowing';
  if (!phase) return [];
  const isAnswered = ((entry.get(CTA.status)?.readUInt32BE() ?? 0) & SEEN_REPLY) !== 0;
  const asked =
    isAnswered && !ICMP.includes(original.protocol) ? [{ ...original, phase: answering(phase) }] : [];
  return [{ ...reply, phase }, ...asked];
}

const ICMP: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

function answering(phase: Phase): Phase {
  return phase === 'opening' ? 'accepting' : phase;
}

function tcpPhase(info: Buffer | undefined): Phase | undefined {
  return PHASES[nested(nested(info)?.get(TCP.info))?.get(TCP.state)?.readUInt8() ?? 0];
}

/** The flow whose packets come in so. */
function readTuple(tuple: Buffer | undefined): Omit<TrackedFlow, 'phase'> | undefined {
  const parts = nested(tuple);
  const [ip, proto] = [nested(parts?.get(TUPLE.addresses)), nested(parts?.get(TUPLE.protocol))];
  const source = ip?.get(IP.source4) ?? ip?.get(IP.source6);
  const destination = ip?.get(IP.destination4) ?? ip?.get(IP.destination6);
  const protocol = proto?.get(PROTO.number)?.readUInt8();
  if (!source || !destination || protocol === undefined) return undefined;
  const id = proto?.get(PROTO.id) ?? proto?.get(PROTO.id6);
  const [from, to] = [proto?.get(PROTO.sourcePort), id ?? proto?.get(PROTO.destinationPort)];
  return {
    protocol,
    remote: { address: source, port: from?.readUInt16BE() ?? 0 },
    local: { address: destination, port: to?.readUInt16BE() ?? 0 },
  };
}

function nested(bytes: Buffer | undefined): Map<number, Buffer> | undefined {
  return bytes && attributes(bytes);
}
