// `xdpkeep init [DIR]`: a state directory to start from. It is valid and wants nothing, so that applying it by mistake
// does no harm: also with a profile, whose policy no interface has before somebody names one. Refused: overwriting anything.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { printSchema } from '../desired/json-schema.js';
import { makeFolder, writeNewFile } from '../disk/durable.js';
import { isHostName } from '../desired/host/host-schema.js';
import { EXIT, PermissionError, UsageError } from '../model/errors.js';
import { json } from '../report/style.js';
import { startHost, START_LIST, START_POLICY, START_PROGRAM, startReadme } from './init-files.js';
import { PROFILE_FILES } from './init-profiles.js';
import type { Profile } from './profiles.js';
import type { CommandResult } from './result.js';

export interface InitOptions {
  /** Names the first host file. */
  host: string;
  /** A kind of host to begin with; absent: everything there is, in comments. */
  profile?: Profile;
  output?: 'text' | 'json';
}

/** Throws a UsageError when a file is there already. */
export function runInit(directory = 'state', { host, profile, output }: InitOptions): CommandResult {
  if (!isHostName(host)) {
    const hint = 'Name the host with --host: letters, digits, ".", "_" and "-".';
    throw new UsageError(`${JSON.stringify(host)} cannot be the name of a host file`, { hint });
  }
  const files = filesOf(host, profile);
  const there = Object.keys(files).filter((file) => existsSync(join(directory, file)));
  if (there.length > 0) {
    const hint = 'Name a directory that does not have them: nothing is overwritten.';
    throw new UsageError(`${directory} has ${there.join(', ')} already`, { hint });
  }
  for (const [file, content] of Object.entries(files)) writeNew(join(directory, file), content);
  const written = Object.keys(files).map((file) => join(directory, file));
  if (output === 'json') {
    const document = { apiVersion: 'xdpkeep/v1', kind: 'Initialization', directory, files: written };
    return { exitCode: EXIT.ok, out: json(document) };
  }
  const lines = written.map((file) => `  ${file}`);
  const next = `Edit ${join(directory, `hosts/${host}.yaml`)}, then: xdpkeep validate --state ${directory}`;
  return { exitCode: EXIT.ok, out: `wrote\n${lines.join('\n')}\n${next}\n` };
}

function filesOf(host: string, profile: Profile | undefined): Record<string, string> {
  const schemas = {
    'schema/host.schema.json': printSchema('host'),
    'schema/policy.schema.json': printSchema('policy'),
  };
  if (profile) {
    const { interfaces, files } = PROFILE_FILES[profile];
    const [first = ''] = Object.keys(files);
    return {
      'README.md': startReadme(host, basename(first, '.yaml')),
      [`hosts/${host}.yaml`]: startHost(host, interfaces),
      ...files,
      ...schemas,
    };
  }
  return {
    'README.md': startReadme(host, 'edge'),
    [`hosts/${host}.yaml`]: startHost(host),
    'programs/pass.bpf.c': START_PROGRAM,
    'policies/edge.yaml': START_POLICY,
    'lists/blocked.txt': START_LIST,
    ...schemas,
  };
}

function writeNew(path: string, content: string): void {
  try {
    makeFolder(dirname(path), 0o755); // mkdir's own recursion never ends where the kernel answers ENOENT: /proc
    writeNewFile(path, content, 0o644);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `cannot write ${path} (${code ?? ''})`;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new PermissionError(message, {
        hint: 'Name a directory that this user may write.',
        cause: error,
      });
    }
    throw new UsageError(message, { hint: 'Name another directory.', cause: error });
  }
}
