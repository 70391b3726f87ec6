// A filter of connections in words, as people and the journal read it.
import { formatCidr } from '../../addresses/format.js';
import type { FlowFilter } from '../../model/connection-table.js';
import { protocolName } from './flow-entry.js';

/** `protocol tcp, address 192.0.2.0/24, port 443, state closing`; '' where all are meant. */
export function filterWords({ address, port, protocol, state }: FlowFilter): string {
  const [low, high] = port ?? [];
  const ports = low === high ? String(low) : `${low}-${high}`;
  return [
    ...(protocol === undefined ? [] : [`protocol ${protocolName(protocol)}`]),
    ...(address ? [`address ${formatCidr(address)}`] : []),
    ...(port ? [`port ${ports}`] : []),
    ...(state === undefined ? [] : [`state ${state}`]),
  ].join(', ');
}
