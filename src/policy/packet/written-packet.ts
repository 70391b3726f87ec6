// Writes packets in the form that tests and `explain` take, so that what lint or a diff shows can be asked about as it
// stands.
import { formatCidr } from '../../addresses/format.js';
import { TCP_FLAGS } from '../../model/names.js';
import type { Cidr } from '../../addresses/cidr.js';
import type { PacketDescription } from '../../model/policy.js';
import { formatMac } from './describe.js';

/** Fields with plain values: the packet of a test, as JSON, which is YAML. */
export function writePacket(packet: PacketDescription): Record<string, unknown> {
  const { source, destination, sourceMac, destinationMac, tcpFlags, ...rest } = packet;
  return {
    ...rest,
    ...(source && { source: address(source) }),
    ...(destination && { destination: address(destination) }),
    ...(tcpFlags !== undefined && { tcpFlags: flagsOf(tcpFlags) }),
    ...(sourceMac !== undefined && { sourceMac: formatMac(sourceMac) }),
    ...(destinationMac !== undefined && { destinationMac: formatMac(destinationMac) }),
  };
}

function address(cidr: Cidr): string {
  return formatCidr(cidr).split('/', 1)[0] ?? '';
}

function flagsOf(bits: number): Record<string, boolean> {
  const set = Object.entries(TCP_FLAGS).filter(([, bit]) => (bits & bit) !== 0);
  return Object.fromEntries(set.map(([name]) => [name, true]));
}
