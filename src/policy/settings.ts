// The bytes of struct settings in bpf/settings.h. Little-endian, as every machine that this runs on.
import { FIELDS, type Field } from './fields.js';

/** enum feature. */
export const FEATURE = {
  protect: 1 << 0,
  conditional: 1 << 1,
  neighborDiscoveryPass: 1 << 2,
  nonIpMatch: 1 << 3,
  fragmentMatch: 1 << 4,
  audit: 1 << 5,
  log: 1 << 6,
  cpu: 1 << 7,
  interface: 1 << 8,
  tx: 1 << 9,
  direct: 1 << 10,
  until: 1 << 11,
  limit: 1 << 12,
  limitSource: 1 << 13,
} as const;

export interface FieldSettings {
  root: number;
  /** Addresses only. */
  root6: number;
  absent: number;
  group: number;
}

export interface Settings {
  /** FEATURE bits. */
  features: number;
  groups: number;
  /** 64 rules each. */
  words: number;
  /** Rule bits below this are protect entries. */
  protected: number;
  /** Groups whose sum is the place of a table entry and not a vector itself, as bits. */
  mapped: number;
  steps: number;
  /** Bytes of the blob of tables. */
  size: number;
  /** Byte of the blob at which the records begin. */
  records: number;
  /** Group -> 32-bit word of the blob at which its table begins; 0 when it has none. */
  base: number[];
  fields: Map<Field, FieldSettings>;
}

const HEAD_WORDS = 10;
/** Word of `tai_offset`. */
const TAI_OFFSET = 7;

export function encodeSettings(settings: Settings): Uint8Array {
  const words = new Uint32Array(HEAD_WORDS + FIELDS.length * 5);
  const fields = FIELDS.reduce(
    (bits, field, index) => bits | (settings.fields.has(field) ? 1 << index : 0),
    0,
  );
  words.set([
    settings.features,
    fields,
    settings.groups,
    settings.words,
    settings.protected,
    settings.mapped,
  ]);
  words.set([settings.steps, 0, settings.size, settings.records / 8], 6);
  words.set(settings.base, HEAD_WORDS);
  FIELDS.forEach((field, index) => {
    const one = settings.fields.get(field);
    if (one) words.set([one.root, one.root6, one.absent, one.group], HEAD_WORDS + FIELDS.length + index * 4);
  });
  return new Uint8Array(words.buffer);
}

/** `seconds` that CLOCK_TAI is ahead of CLOCK_REALTIME. */
export function withTaiOffset(settings: Uint8Array, seconds: number): Uint8Array {
  const bound = settings.slice();
  new DataView(bound.buffer).setUint32(TAI_OFFSET * 4, seconds, true);
  return bound;
}
