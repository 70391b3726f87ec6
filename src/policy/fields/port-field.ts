// `sourcePort` and `destinationPort`: the first four bytes of TCP, UDP and SCTP.
import { PORT_PROTOCOLS } from '../../model/names.js';
import type { Problem } from '../../text/wording.js';
import { type Field, noWords } from './field.js';
import type { Layers } from './layers.js';
import { notation } from './notation.js';
import { numberDimension } from './number-dimension.js';
import { numberField } from './number-field.js';

type Name = 'sourcePort' | 'destinationPort';

interface Place {
  /** Byte offset in the transport header. */
  at: number;
  /** The default of a built packet. */
  usual: number;
  /** The preferred value of a witness packet. */
  natural: readonly number[];
}

export function portField(
  name: Name,
  { at, usual, natural }: Place,
): Field<'sourcePort'> & Field<'destinationPort'> {
  return numberField<'sourcePort'>({
    layer: 'transport',
    inMatch: notation({ kind: 'port', to: 0xffff }),
    inPacket: notation({ kind: 'number', to: 0xffff }),
    help: {
      match: 'Only with protocol tcp, udp or sctp. A name is that of a service.',
      packet: `Default: ${usual}.`,
    },
    needs: { protocols: PORT_PROTOCOLS, mustBeNamed: true, problem: noPorts },
    dimension: numberDimension({
      values: 65536,
      isIn: ({ transport }) => transport !== undefined && transport !== 'icmp',
      ranges: (match) => match[name],
      natural,
      describe: (value) => ({ [name]: value }),
    }),
    read: (layers) => portsOf(layers)?.getUint16(at),
    put: (layers, value = usual) => portsOf(layers)?.setUint16(at, value),
    words: noWords,
    report: (value) => value,
    samples: [0, 22, 53, 80, 255, 256, 443, 1000, 1999, 2000, 8080, 40000, 65535],
  }) as Field<'sourcePort'> & Field<'destinationPort'>;
}

function portsOf({ transport }: Layers): DataView | undefined {
  return transport?.protocol === 'icmp' ? undefined : transport?.header;
}

function noPorts(hasProtocol: boolean): Problem {
  return {
    summary: 'port without a port protocol',
    message: 'goes with protocol tcp, udp or sctp alone: no other has ports',
    hint: hasProtocol
      ? 'Write tcp, udp or sctp, and a rule of its own for what has no ports.'
      : 'Add `protocol: tcp`, or `protocol: [tcp, udp]`.',
  };
}
