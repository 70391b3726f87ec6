// Writes packets in the form that tests and `explain` accept, so that an example of lint or a diff can be copied to either.
import type { Cidr } from '../../addresses/cidr.js';
import type { FieldName, PacketDescription } from '../../model/policy.js';
import { formatAddress } from './describe.js';
import { formatMac } from '../fields/mac-field.js';
import type { Notation } from '../fields/notation.js';
import { FIELD_NAMES, FIELDS } from '../fields/registry.js';

/** Fields with plain values: the packet of a test, as JSON, which is YAML. */
export function writePacket(packet: PacketDescription): Record<string, unknown> {
  const written: Record<string, unknown> = { ...packet };
  const write = (name: FieldName): void => {
    const value = packet[name];
    if (value !== undefined) written[name] = writeValue(FIELDS[name].inPacket, value);
  };
  FIELD_NAMES.forEach(write);
  return written;
}

function writeValue(notation: Notation, value: NonNullable<PacketDescription[FieldName]>): unknown {
  switch (notation.kind) {
    case 'address':
    case 'network':
      return formatAddress(value as Cidr);
    case 'mac':
      return formatMac(value as number);
    case 'flags': {
      const set = Object.entries(notation.bits).filter(([, bit]) => ((value as number) & bit) !== 0);
      return Object.fromEntries(set.map(([name]) => [name, true]));
    }
    default:
      return value;
  }
}
