// `xdpkeep maps`.
import { readMaps } from '../inspect/maps.js';
import { EXIT } from '../model/errors.js';
import { renderMaps } from '../report/maps.js';
import { json, painter } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runMaps(
  name: string | undefined,
  map: string | undefined,
  options: CommonOptions,
): Promise<CommandResult> {
  const maps = await readMaps(options.bpffs, name, map);
  const document = { apiVersion: 'xdpkeep/v1', kind: 'Maps', maps };
  const out = options.output === 'json' ? json(document) : renderMaps(maps, painter(options.color));
  return { exitCode: EXIT.ok, out };
}
