// The registry of the fields of a match and of the dimensions of the classifier. TypeScript refuses a list that lacks one.
import type { FieldName, Match, PacketDescription } from '../../model/policy.js';
import { base } from './base.js';
import { connection } from './connection.js';
import { destinationMac } from './destination-mac.js';
import { destinationPort } from './destination-port.js';
import { destination } from './destination.js';
import type { Dimension, DimensionName } from './dimension.js';
import { dscp } from './dscp.js';
import { etherType } from './ether-type.js';
import { family } from './family.js';
import type { Field, Fields, PacketFields } from './field.js';
import { fragment } from './fragment.js';
import { icmpCode } from './icmp-code.js';
import { icmpType } from './icmp-type.js';
import { icmp } from './icmp.js';
import type { Layers } from './layers.js';
import { length } from './length.js';
import { protocol } from './protocol.js';
import { sets } from './sets.js';
import { sourceMac } from './source-mac.js';
import { sourcePort } from './source-port.js';
import { source } from './source.js';
import { tcpFlags } from './tcp-flags.js';
import { ttl } from './ttl.js';
import { vlan } from './vlan.js';

/** All fields, in the order of the documentation. */
export const FIELDS: Fields = {
  family,
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
  icmpType,
  icmpCode,
  tcpFlags,
  fragment,
  length,
  ttl,
  dscp,
  vlan,
  etherType,
  sourceMac,
  destinationMac,
  connection,
};
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** All dimensions, in the order of enum field (bpf/fields.h). */
export const DIMENSIONS: Readonly<Record<DimensionName, Dimension>> = {
  base,
  source: source.dimension,
  destination: destination.dimension,
  sourcePort: sourcePort.dimension,
  destinationPort: destinationPort.dimension,
  icmp,
  tcpFlags: tcpFlags.dimension,
  length: length.dimension,
  ttl: ttl.dimension,
  dscp: dscp.dimension,
  vlan: vlan.dimension,
  etherType: etherType.dimension,
  sourceMac: sourceMac.dimension,
  destinationMac: destinationMac.dimension,
  sets,
  connection: connection.dimension,
};
export const DIMENSION_NAMES = Object.keys(DIMENSIONS) as DimensionName[];
/** One switch (KEY_UNCOMMON) turns off all dimensions after this one. */
export const LAST_COMMON: DimensionName = 'destinationPort';

/** Calls `visit` for every field, in order. */
export function forEachField(visit: <N extends FieldName>(name: N, field: Field<N>) => void): void {
  // TypeScript cannot infer that name and field belong together.
  for (const name of FIELD_NAMES) visit(name, FIELDS[name] as unknown as Field<FieldName>);
}

/** All fields that a packet has. */
export function readFields(layers: Layers): PacketFields {
  const values: PacketFields = {};
  forEachField((name, field) => {
    const value = field.read(layers);
    if (value !== undefined) values[name] = value;
  });
  return values;
}

/** Does the packet match? Fields are ANDed; a packet without a field matches only if the match does not have it, under `not` either. */
export function matches(match: Match, packet: PacketFields): boolean {
  return FIELD_NAMES.every(
    (name) => isMet(name, match, packet, true) && (!match.not || isMet(name, match.not, packet, false)),
  );
}

/** `agrees`: whether it must, or must not. */
function isMet<N extends FieldName>(
  name: N,
  match: Pick<Match, N>,
  packet: Pick<PacketFields, N>,
  agrees: boolean,
): boolean {
  const asked = match[name];
  const value = packet[name];
  return asked === undefined || (value !== undefined && FIELDS[name].agrees(asked, value) === agrees);
}

/** Writes the values of a description into a packet whose headers are laid out. */
export function putFields(layers: Layers, packet: PacketDescription): void {
  forEachField((name, { put }) => {
    if (typeof put === 'function') put(layers, packet[name]);
  });
}
