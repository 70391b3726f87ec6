// The tables of connections, read from outside: struct flow -> struct connection (bpf/flow.h, bpf/connections.h).
import { type ConnectionTable, PHASES, type Phase, tableOf } from '../model/connections.js';
import { CONNECTION_BYTES } from './egress.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import type { PinPaths } from './pin-paths.js';
import { openPin } from './pinned.js';

const ENOENT = 2;
const SECOND = 1_000_000_000n;

/** What is known of a flow that is not over. */
export interface KnownConnection {
  phase: Phase;
  /** A packet of it has come in. */
  answered: boolean;
  /** Seconds until it is forgotten, if nothing more is seen of it. */
  left: number;
}

/** `flow`: struct flow, a byte a character. `undefined` when none is known, and where nothing is recorded. */
export function lookUpConnection(pinPaths: PinPaths, flow: string): KnownConnection | undefined {
  const table: ConnectionTable = tableOf(flow);
  using map = openPin(pinPaths.connectionTable(table));
  if (!map) return undefined;
  const value = Buffer.alloc(CONNECTION_BYTES);
  const result = mapCalls().lookup(map.number, Buffer.from(flow, 'latin1'), value);
  if (result === -ENOENT) return undefined;
  checked(`read map ${table}`, result);
  return decode(value, process.hrtime.bigint());
}

/** u64 seen (ns of the monotonic clock), u32 life (seconds), u8 phase, u8 answered. */
function decode(value: Buffer, now: bigint): KnownConnection | undefined {
  const end = value.readBigUInt64LE(0) + BigInt(value.readUInt32LE(8)) * SECOND;
  if (end < now) return undefined;
  return {
    phase: PHASES[value.readUInt8(12)] ?? 'flowing',
    answered: value.readUInt8(13) !== 0,
    left: Number((end - now) / SECOND),
  };
}
