// What a Host file may say. The JSON schema that editors use is made from this, and refinements vanish from it
// silently: whatever can be a pattern, an enum or a `meta` field is one. Messages complete "`field` ...".
import * as z from 'zod';
import { compileGlob, isGlob } from '../../text/glob.js';
import { LONGEST_ALTNAME } from '../../model/altnames.js';
import { MAX_LAYERS, MAX_PROTECT } from '../../model/policy.js';
import { checkFields } from '../yaml/check-fields.js';
import { matchSchema } from '../policy/match.js';
import { testSchema } from '../policy/test-schema.js';
import { connectionFields } from './connection-schema.js';
import { safeguardFields } from './safeguard-schema.js';
import { FILE_NAME, FILE_NAME_RULE, mayBeAbsent } from '../policy/values.js';

export const API_VERSION = 'xdpkeep/v1';

/** Programs that ship with xdpkeep. */
const BUILTIN_NAMES = ['icmp-drop'] as const;
export type BuiltinName = (typeof BUILTIN_NAMES)[number];

export function isHostName(name: string): boolean {
  return FILE_NAME.test(name);
}

const hostName = z
  .string()
  .regex(FILE_NAME, FILE_NAME_RULE)
  .describe('Name of the host: that of the file without .yaml. Chosen by --host, else by the hostname.');

/** What the kernel takes as a name (dev_valid_name in net/core/dev.c), or a glob that could match such a name. */
const interfaceText = z
  .string()
  .regex(
    /^(?!\.{1,2}$)[^\s/:\u0000-\u001f\u007f]+$/,
    'must not be ".", ".." or hold "/", ":" or white space',
  );

const interfacePattern = interfaceText
  .regex(
    /^(?:[^*?[]{1,127}|(?=.{1,64}$).*[*?[].*)$/,
    `must be 1 to ${LONGEST_ALTNAME} characters long, or a glob of 64 at most`,
  )
  .check(checkPattern)
  .describe(
    'A name of an interface (an altname is one), or a glob: * any run of characters, ? one, [a-c] or [!a-c] one of a set.',
  );

/** One interface by its name. */
export const literalInterface = interfaceText
  .regex(/^[^*?[]{1,127}$/, `must be the name of one interface, 1 to ${LONGEST_ALTNAME} characters long`)
  .check(checkPattern)
  .describe('Name of an interface; an altname is one.');

function checkPattern(context: z.core.ParsePayload<string>): void {
  const problem = patternProblem(context.value);
  if (problem) context.issues.push({ code: 'custom', message: problem, input: context.value });
}

function patternProblem(pattern: string): string | undefined {
  if (!isGlob(pattern)) {
    const { length } = new TextEncoder().encode(pattern);
    return length > LONGEST_ALTNAME && pattern.length <= LONGEST_ALTNAME
      ? `must be ${LONGEST_ALTNAME} bytes at most`
      : undefined;
  }
  try {
    compileGlob(pattern);
    return undefined;
  } catch (error) {
    return `is no glob: ${(error as SyntaxError).message}`;
  }
}

const programFile = z
  .string()
  .regex(/^[^/]/, 'must be relative to the state directory')
  .regex(/^(?!(?:.*\/)?\.\.(?:\/|$))/, 'must not leave the state directory')
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters')
  .regex(/\.bpf\.[co]$/, 'must end in .bpf.c (a source, compiled with clang) or .bpf.o (an object)')
  .describe('Source (*.bpf.c) or object (*.bpf.o), relative to the state directory.');

const programFields = {
  builtin: z
    .enum(BUILTIN_NAMES)
    .optional()
    .describe(
      'A program that ships with xdpkeep. icmp-drop drops ICMP over IPv4 and counts it in icmp_drops.',
    ),
  file: programFile.optional(),
  function: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of a C function')
    .optional()
    .describe('The XDP function of the file. May be left out when the file has exactly one.'),
};

export type ProgramReference = { builtin: BuiltinName } | { file: string; function?: string | undefined };

const policyName = z
  .string()
  .regex(FILE_NAME, FILE_NAME_RULE)
  .describe('The policy of policies/<name>.yaml, in place of a program.');

const layerNames = z
  .array(z.string().regex(FILE_NAME, FILE_NAME_RULE))
  .min(2, 'needs two policies or more; one alone is `policy: NAME`')
  .max(MAX_LAYERS, `must have ${MAX_LAYERS} policies at most`)
  .refine((names) => new Set(names).size === names.length, 'must name each policy once')
  .meta({ uniqueItems: true })
  .describe('Policies as layers in order: what one does not decide goes on to the next one.');

const program = z
  .strictObject(programFields)
  .meta({
    description: 'The XDP program: a builtin one, or a file and its function.',
    oneOf: [{ required: ['builtin'], not: { required: ['function'] } }, { required: ['file'] }],
  })
  .transform((value, context): ProgramReference => {
    const { builtin, file } = value;
    if (file !== undefined && builtin === undefined) return { file, function: value.function };
    if (builtin !== undefined && file === undefined && value.function === undefined) return { builtin };
    let message = 'needs `builtin` or `file`';
    if (builtin !== undefined)
      message = `cannot have both \`builtin\` and \`${file === undefined ? 'function' : 'file'}\``;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });

export const PROGRAM_HINT =
  'Add `policy: NAME`, `program: {builtin: icmp-drop}` or `program: {file: programs/NAME.bpf.c}`.';

/** What an interface runs: one of the first three. */
interface Runs {
  policy?: string;
  policies?: string[];
  program?: unknown;
  tests?: unknown[];
}

export const interfaceSchema = z
  .strictObject({
    mode: z
      .enum(['auto', 'native', 'generic', 'offload'])
      .default('auto')
      .describe('How XDP is attached. auto tries native and falls back to generic.'),
    policy: mayBeAbsent(policyName),
    policies: mayBeAbsent(layerNames),
    tests: mayBeAbsent(z.array(testSchema)).describe(
      'Packets and what becomes of them by all layers of `policies`.',
    ),
    program: mayBeAbsent(program),
    foreign: z
      .enum(['refuse', 'replace'])
      .default('refuse')
      .describe(
        'What to do with an XDP program that is not ours: leave it alone, or take the interface over.',
      ),
    drift: z
      .enum(['enforce', 'warn'])
      .default('enforce')
      .describe(
        'What to do when somebody detached, replaced or changed by hand what runs there: bring it back, or only say so.',
      ),
  })
  .superRefine(
    ...checkFields<Runs>(function* (runs) {
      const [first, second] = (['program', 'policies', 'policy'] as const).filter(
        (one) => runs[one] !== undefined,
      );
      if (first && second)
        yield {
          fields: [first, second],
          message: `and \`${second}\` exclude each other`,
          hint: 'Keep one of the two.',
        };
      if (runs.tests !== undefined && first !== undefined && first !== 'policies')
        yield {
          fields: ['tests'],
          message: 'goes with `policies`',
          hint: first === 'policy' ? 'Write them into the file of the policy.' : 'Remove it.',
        };
      if (!first)
        yield {
          fields: ['policy', 'program', 'policies'],
          ofMap: true,
          summary: 'missing field',
          message: 'needs `policy` or `program`',
          hint: PROGRAM_HINT,
        };
    }),
  )
  .meta({
    description: 'What one interface, or every interface that a glob matches, is to run.',
    oneOf: [{ required: ['policy'] }, { required: ['policies'] }, { required: ['program'] }],
    dependencies: { tests: ['policies'] },
  });

const NO_CONNECTION = {
  message: 'does not go with `protect`: what is protected never depends on what is remembered',
  params: { hint: 'Name the addresses or ports in its place, or let a rule of the policy pass it.' },
};

const protection = matchSchema
  .refine((match) => Object.keys(match).length > 0, {
    message: 'must have a field: an empty entry would protect every packet',
    params: { hint: 'Write which packets, for example {protocol: tcp, destinationPort: 22}.' },
  })
  .refine((match) => match.connection === undefined, { ...NO_CONNECTION, path: ['connection'] })
  .refine(({ not }) => not?.connection === undefined, { ...NO_CONNECTION, path: ['not', 'connection'] })
  .meta({
    minProperties: 1,
    not: {
      anyOf: [
        { required: ['connection'] },
        { required: ['not'], properties: { not: { required: ['connection'] } } },
      ],
    },
  });

export const hostSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('Host').describe('What this file describes.'),
    name: hostName,
    interfaces: z
      .record(interfacePattern, interfaceSchema)
      .describe('Interfaces by name or glob. A name wins over a glob, an earlier glob over a later one.'),
    protect: z
      .array(protection)
      .max(MAX_PROTECT, `must have ${MAX_PROTECT} entries at most`)
      .default([])
      .describe('Packets that no policy drops, whatever its rules say.'),
    connections: mayBeAbsent(connectionFields),
    ...safeguardFields,
  })
  .meta({ title: 'xdpkeep Host', description: 'What the XDP programs of one host are to be.' });
