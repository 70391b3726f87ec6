// `xdpkeep fetch`: bring the repository here, for a pass without a network.
import { resolve } from 'node:path';
import { fetch } from '../operate/fetch.js';
import type { Config } from '../model/config.js';
import { EXIT } from '../model/errors.js';
import { json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

/** Without a source there is nothing to fetch, and nothing wrong: unit files need not know. */
export async function runFetch(
  into: string,
  { output }: CommonOptions,
  config: Config | undefined,
): Promise<CommandResult> {
  const { source } = config ?? {};
  const tags = config?.verify?.requireTag;
  const commit = source && (await fetch({ ...source, ...(tags !== undefined && { tags }) }, resolve(into)));
  if (output === 'json') {
    const { git, ref } = source ?? {};
    return { exitCode: EXIT.ok, out: json({ apiVersion: 'xdpkeep/v1', kind: 'Fetched', git, ref, commit }) };
  }
  const out = source
    ? `${source.git} ${source.ref} is at ${commit ?? ''}\n`
    : 'the config file names no source: nothing to fetch\n';
  return { exitCode: EXIT.ok, out };
}
