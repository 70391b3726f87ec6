// Reads the config file: text -> Config, or all its problems with their places.
import type { Config } from '../../model/config.js';
import { type Diagnostic, InvalidStateError } from '../../model/diagnostic.js';
import { configSchema } from './config-schema.js';
import { explain } from '../yaml/schema-messages.js';
import { readStateFile } from '../read.js';
import { MOST_PROBLEMS } from '../yaml/syntax.js';
import { parseYaml } from '../yaml/yaml.js';

/** `path` is absolute. Throws an InvalidStateError, also when the file is not there. */
export function readConfig(path: string): Config {
  const problems: Diagnostic[] = [];
  const source = readStateFile('/', path, problems);
  const parsed = source && parseYaml(source, problems);
  if (source && parsed && problems.length === 0) {
    const { data, error } = configSchema.safeParse(parsed.value, { reportInput: true });
    if (data) return data;
    const { root } = parsed;
    problems.push(...explain(error.issues, { kind: 'config', root, source }, MOST_PROBLEMS));
  }
  throw new InvalidStateError(problems, 'the config file');
}
