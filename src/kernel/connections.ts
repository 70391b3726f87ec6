// The tables of connections, and that of datagrams in fragments, read from outside: struct flow -> struct connection (bpf/flow.h, bpf/connections.h).
import { join } from 'node:path';
import {
  type Connection,
  CONNECTION,
  CONNECTION_BYTES,
  DATAGRAM_TABLE,
  PHASES,
  REASSEMBLY,
  tablesOf,
} from '../model/connections.js';
import { CONNECTION_STATES, type ConnectionState } from '../model/policy.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import type { PinPaths } from './pin-paths.js';
import { openPin } from './pinned.js';

const ENOENT = 2;
const SECOND = 1_000_000_000n;

export interface KnownConnection extends Connection {
  /** Seconds until it is forgotten, if nothing more is seen of it. */
  left: number;
}

/** `flow`: struct flow, a byte a character. `undefined` when none is known, and where nothing is recorded. */
export function lookUpConnection(pinPaths: PinPaths, flow: string): KnownConnection | undefined {
  const now = process.hrtime.bigint();
  for (const table of tablesOf(flow)) {
    const value = lookUp(pinPaths.connectionTable(table), flow);
    const known = value && decode(value, now);
    if (known) return known;
  }
  return undefined;
}

/**
 * What the first fragment of a datagram was; `undefined` when none was let in. `datagram`: struct flow, a byte a character. `maps`: path of
 * the maps of an instance that asks.
 */
export function lookUpDatagram(maps: string, datagram: string): ConnectionState | undefined {
  const value = lookUp(join(maps, DATAGRAM_TABLE), datagram);
  if (!value || process.hrtime.bigint() - value.readBigUInt64LE(0) > BigInt(REASSEMBLY) * SECOND)
    return undefined;
  return CONNECTION_STATES[value.readUInt32LE(8) - 1];
}

function lookUp(path: string, flow: string): Buffer | undefined {
  using map = openPin(path);
  if (!map) return undefined;
  const value = Buffer.alloc(CONNECTION_BYTES);
  const result = mapCalls().lookup(map.number, Buffer.from(flow, 'latin1'), value);
  if (result === -ENOENT) return undefined;
  checked(`read ${path}`, result);
  return value;
}

/** struct connection; `undefined` when its time is over. */
function decode(value: Buffer, now: bigint): KnownConnection | undefined {
  const end = value.readBigUInt64LE(CONNECTION.seen) + BigInt(value.readUInt32LE(CONNECTION.life)) * SECOND;
  if (end < now) return undefined;
  return {
    phase: PHASES[value.readUInt8(CONNECTION.phase)] ?? 'flowing',
    answered: value.readUInt8(CONNECTION.answered) !== 0,
    left: Number((end - now) / SECOND),
  };
}
