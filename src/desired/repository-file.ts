// xdpkeep.yaml: the file of a state directory that is about all others. It may be absent.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.js';
import { type LintOptions, NO_OPTIONS, REQUIRABLE } from '../model/repository.js';
import { repositorySchema } from './repository-schema.js';
import { readStateFile } from './read.js';
import { parseDocument } from './yaml/document.js';

const REPOSITORY_FILE = 'xdpkeep.yaml';

/** `problems` receives what is wrong with it. */
export function readRepository(stateDir: string, problems: Diagnostic[]): LintOptions {
  if (!existsSync(join(stateDir, REPOSITORY_FILE))) return NO_OPTIONS;
  const source = readStateFile(stateDir, REPOSITORY_FILE, problems);
  const file = { kind: 'repository', name: 'xdpkeep', schema: repositorySchema } as const;
  const { data } = (source && parseDocument(source, file, () => [], problems)) ?? {};
  if (!data) return NO_OPTIONS;
  const { expiry, ...fields } = data.lint;
  return {
    required: REQUIRABLE.filter((field) => fields[field] === 'required'),
    ...(expiry !== undefined && { expiry }),
  };
}
