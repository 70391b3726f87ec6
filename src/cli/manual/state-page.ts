// xdpkeep-state(5): the fields of the state files, made of the schemas that the files are checked with.
import { jsonSchema } from '../../desired/json-schema.js';
import { START_POLICY, startHost } from '../init-files.js';
import { page, paragraph, section, term, verbatim } from './roff.js';

interface Schema {
  type?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

export function statePage(version: string): string {
  const title = { name: 'xdpkeep-state', section: 5, version, what: 'state files of xdpkeep' };
  return page(title, [
    section('Description'),
    paragraph(
      'A state directory has hosts/NAME.yaml (kind Host: what the interfaces of one host run), policies/NAME.yaml (kind Policy: rules for packets, and tests of them), lists/NAME.txt (addresses and networks; also .netset, .ipset, .csv) and programs/ (XDP programs of your own).',
    ),
    section('Host files'),
    ...fields(jsonSchema('host') as Schema, ''),
    section('Policy files'),
    ...fields(jsonSchema('policy') as Schema, ''),
    section('Example of a Host file'),
    verbatim(startHost('edge-1').trimEnd().split('\n')),
    section('Example of a Policy file'),
    verbatim(START_POLICY.trimEnd().split('\n')),
    section('See also'),
    paragraph('xdpkeep(8)'),
  ]);
}

/** Each field with its place, e.g. `interfaces.*.mode`; the items of a list have the place of the list. */
function fields(schema: Schema, place: string): string[] {
  return alternatives(schema).flatMap((one) => {
    const named = Object.entries(one.properties ?? {}).flatMap(([key, value]) => {
      const path = place === '' ? key : `${place}.${key}`;
      return [term(path, about(value, one.required?.includes(key) ?? false)), ...fields(value, path)];
    });
    const free = typeof one.additionalProperties === 'object' ? one.additionalProperties : undefined;
    return [
      ...named,
      ...(free ? fields(free, `${place}.*`) : []),
      ...(one.items ? fields(one.items, place) : []),
    ];
  });
}

function about(schema: Schema, required: boolean): string {
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const parts = [
    schema.description,
    values && `One of: ${values.map(String).join(', ')}.`,
    schema.default === undefined ? undefined : `Default: ${JSON.stringify(schema.default)}.`,
    required ? 'Required.' : undefined,
  ];
  return parts.filter(Boolean).join(' ');
}

function alternatives(schema: Schema): Schema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
}
