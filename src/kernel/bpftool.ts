// Reads the kernel through `bpftool -j`. A missing or incomplete answer is an EnvironmentError, never an empty list: xdpkeep would
// attach or remove programs because of it.
import { isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import { EnvironmentError } from '../model/errors.js';
import * as schema from './bpftool-schema.js';
import { findTool, runTool, type ToolLimits, type ToolResult } from './tool.js';

const LIMITS: ToolLimits = { time: 10_000, output: 64 << 20 };

/** Absolute path of bpftool: XDPKEEP_BPFTOOL, else the one on PATH or in the usual folders. Throws an EnvironmentError. */
export function findBpftool(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['XDPKEEP_BPFTOOL'];
  if (named === undefined || named === '') {
    const found = findTool('bpftool', env['PATH']);
    if (found !== undefined) return found;
    throw new EnvironmentError('bpftool is not installed', {
      hint: 'Install it (apt-get install bpftool), or name it in XDPKEEP_BPFTOOL.',
    });
  }
  if (isAbsolute(named)) return named;
  throw new EnvironmentError(`XDPKEEP_BPFTOOL is not an absolute path: ${named}`, {
    hint: 'Set it to a path like /usr/sbin/bpftool, or unset it.',
  });
}

/** XDP and tc programs on the interfaces of this network namespace. */
export async function showNet(bpftool = findBpftool(), limits = LIMITS): Promise<schema.NetShow> {
  const [net] = await ask(bpftool, ['net', 'show'], schema.netShow, limits);
  return net;
}

/** All programs of the machine. */
export function showPrograms(bpftool = findBpftool(), limits = LIMITS): Promise<schema.ProgramShow> {
  return ask(bpftool, ['prog', 'show'], schema.programShow, limits);
}

/** All maps of the machine. */
export function showMaps(bpftool = findBpftool(), limits = LIMITS): Promise<schema.MapShow> {
  return ask(bpftool, ['map', 'show'], schema.mapShow, limits);
}

/** All links of the machine. */
export function showLinks(bpftool = findBpftool(), limits = LIMITS): Promise<schema.LinkShow> {
  return ask(bpftool, ['link', 'show'], schema.linkShow, limits);
}

/** The entries of a map, formatted where the map has BTF. Ring buffers and queues cannot be dumped. */
export function dumpMap(id: number, bpftool = findBpftool(), limits = LIMITS): Promise<schema.MapDump> {
  return ask(bpftool, ['map', 'dump', 'id', String(id)], schema.mapDump, limits);
}

async function ask<S extends z.ZodType>(
  bpftool: string,
  args: string[],
  shape: S,
  limits: ToolLimits,
): Promise<z.infer<S>> {
  const answer = parse(bpftool, args, await run(bpftool, args, limits));
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  const version = await versionOf(bpftool, limits);
  throw new EnvironmentError(
    `\`bpftool ${args.join(' ')}\` of bpftool ${version} is not understood: ${explain(answer, read.error)}`,
    { hint: 'Install the bpftool of your distribution, or name another in XDPKEEP_BPFTOOL.' },
  );
}

const ATTEMPTS = 6;
/** Milliseconds before the second attempt; the pause grows with each attempt. */
const PAUSE = 10;

/**
 * A link that is being created has an id that cannot be opened yet: EAGAIN (bpf_link_by_id in kernel/bpf/syscall.c of Linux).
 * bpftool then fails as a whole; a moment later the link is complete, or gone.
 */
async function run(bpftool: string, args: string[], limits: ToolLimits): Promise<ToolResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await runTool(bpftool, ['-j', ...args], limits);
    const beingMade = /by id \(\d+\): Resource temporarily unavailable/.test(result.stdout);
    if (result.exitCode === 0 || !beingMade || attempt === ATTEMPTS) return result;
    await sleep(PAUSE * attempt);
  }
}

/** The version of bpftool itself. */
export async function bpftoolVersion(bpftool = findBpftool(), limits = LIMITS): Promise<string> {
  return (await ask(bpftool, ['version'], schema.version, limits)).version;
}

async function versionOf(bpftool: string, limits: ToolLimits): Promise<string> {
  try {
    const { stdout } = await runTool(bpftool, ['-j', 'version'], limits);
    return schema.version.parse(parseJson(stdout)).version;
  } catch {
    return '(unknown version)'; // this text is part of another error, which must not be lost
  }
}

/** `"id" is missing in [0].xdp[2]` */
function explain(answer: unknown, error: z.ZodError): string {
  let issue = error.issues[0];
  const path: PropertyKey[] = [...(issue?.path ?? [])];
  while (issue?.code === 'invalid_union') {
    issue = issue.errors.at(-1)?.[0]; // our unions have the common form last
    path.push(...(issue?.path ?? []));
  }
  const value = path.reduce((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], answer);
  const place = (keys: PropertyKey[]) =>
    keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') || 'the answer';
  if (value === undefined) return `"${String(path.at(-1))}" is missing in ${place(path.slice(0, -1))}`;
  return `${place(path)} is ${JSON.stringify(value).slice(0, 80)}`;
}

function parse(bpftool: string, args: string[], result: ToolResult): unknown {
  const command = `\`${bpftool} -j ${args.join(' ')}\``;
  if (result.exitCode !== 0) {
    throw new EnvironmentError(
      `${command} failed (exit ${result.exitCode}): ${reported(result.stdout) ?? (firstLine(result.stderr) || 'it says nothing')}`,
      { hint: 'Run it by hand to see what it needs.' },
    );
  }
  try {
    return parseJson(result.stdout);
  } catch (cause) {
    const what =
      result.stdout.trim() === '' ? 'printed nothing' : 'printed what is not a whole JSON document';
    throw new EnvironmentError(`${command} ${what}`, {
      cause,
      hint: 'Is it the real bpftool? Set XDPKEEP_BPFTOOL to one that works, and run it by hand.',
    });
  }
}

/**
 * bpftool escapes only some characters of a name (jsonw_puts() in tools/bpf/bpftool/json_writer.c), and writes `\\'`, which is not
 * JSON. Names of interfaces and tc programs may have others. Throws a SyntaxError.
 */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"/gs, escapeAgain));
  }
}

/** A JSON string with every character escaped that has to be. */
function escapeAgain(string: string): string {
  return string
    .replace(/\\(.)/gs, (pair, char: string) => ('"\\/bfnrtu'.includes(char) ? pair : char))
    .replace(/[\u0000-\u001f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** With -j, bpftool reports failures on stdout: `{"error":"..."}`, or the same inside an array. */
function reported(stdout: string): string | undefined {
  return /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(stdout)?.[1];
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
