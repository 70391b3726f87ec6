// Of every field that there is: what is written into a packet is read out of it, and everything that lists fields has it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemaPlaces } from '../../src/desired/json-schema.js';
import { PROTOCOLS } from '../../src/model/names.js';
import type { FieldName, PacketDescription } from '../../src/model/policy.js';
import { KINDS } from '../../src/policy/analysis/header-space.js';
import { witnessOf } from '../../src/policy/analysis/witness.js';
import type { PacketFields } from '../../src/policy/fields/field.js';
import { DIMENSION_NAMES, DIMENSIONS, FIELD_NAMES, FIELDS } from '../../src/policy/fields/registry.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../src/policy/packet/parse.js';

/** Stand in no header: tables of the host know them. */
const REMEMBERED: FieldName[] = ['connection'];

/** A packet in which a value of the field can be. */
function carrierOf(name: FieldName): PacketDescription {
  const [protocol] = FIELDS[name].needs?.protocols ?? [];
  if (protocol !== undefined) return { protocol };
  return name === 'length' ? { protocol: PROTOCOLS.gre } : {}; // whose header may be missing
}

/** Tags with id 0 say a priority alone. */
function firstId(tags: number[]): [number] | 'none' {
  const id = tags.find((one) => one !== 0);
  return id === undefined ? 'none' : [id];
}

function fieldsOf(packet: PacketDescription): PacketFields {
  const parsed = parseFrame(buildPacket(packet));
  if (parsed.shape === 'malformed') throw new Error(`malformed: ${JSON.stringify(packet)}`);
  return parsed.fields;
}

/** As a description has it. */
function described<N extends FieldName>(name: N, fields: Pick<PacketFields, N>): unknown {
  const value = fields[name];
  return value === undefined ? undefined : (FIELDS[name].describe(value) ?? value);
}

describe.each(FIELD_NAMES)('%s', (name) => {
  const { samples } = FIELDS[name];

  it('has samples, and each is read as it was written', () => {
    expect(samples.length).toBeGreaterThan(1);
    if (REMEMBERED.includes(name)) expect(fieldsOf({ [name]: samples[0] })).not.toHaveProperty(name);
    for (const sample of REMEMBERED.includes(name) ? [] : samples) {
      const fields = fieldsOf({ ...carrierOf(name), [name]: sample });
      const expected = name === 'vlan' ? firstId(sample as number[]) : sample;
      expect(described(name, fields), JSON.stringify(sample)).toEqual(expected);
    }
  });

  it('belongs to a dimension that has a place', () => {
    expect(DIMENSION_NAMES.filter((one) => DIMENSIONS[one] === FIELDS[name].dimension)).toHaveLength(1);
  });
});

it.each(KINDS)('$name has a packet with all its dimensions', (kind) => {
  const packet = witnessOf({ kind, sides: new Map() });
  const fields = fieldsOf(packet);
  expect(fields.family ?? 'none').toBe(kind.family);
  const there = FIELD_NAMES.filter((name) => fields[name] !== undefined);
  const said = FIELD_NAMES.filter(
    (name) =>
      !REMEMBERED.includes(name) &&
      [...kind.dimensions.values()].some((dimension) => dimension === FIELDS[name].dimension),
  );
  expect(there).toEqual(said);
});

it('a match and the packet of a test have the fields that there are', () => {
  expect(schemaPlaces('match').fields([])).toEqual([...FIELD_NAMES, 'not']);
  expect(schemaPlaces('match').fields(['not'])).toEqual(FIELD_NAMES);
  expect(schemaPlaces('packet').fields([])).toEqual([
    ...FIELD_NAMES,
    'fragmentId',
    'ipv4Options',
    'extensions',
  ]);
});

it('docs/matches.md has a row for every field of a match and `not`, and for no other', () => {
  const [table = ''] = readFileSync('docs/matches.md', 'utf8').split('\n## ');
  const rows = [...table.matchAll(/^\| (`[^|]+`) +\|/gm)].map(([, cell = '']) => cell);
  const names = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(names.sort()).toEqual([...FIELD_NAMES, 'not'].sort());
});
