// `xdpkeep schema [KIND]`: the JSON schema of a kind of state file, for editors.
import { printSchema, SCHEMA_KINDS, type SchemaKind } from '../desired/json-schema.js';
import { EXIT, UsageError } from '../model/errors.js';
import { suggest } from '../text/suggest.js';
import type { CommandResult } from './result.js';

/** Without a kind: of hosts. Throws a UsageError for a kind that there is not. */
export function runSchema(kind = 'host'): CommandResult {
  if (isKind(kind)) return { exitCode: EXIT.ok, out: printSchema(kind) };
  const meant = suggest(kind, SCHEMA_KINDS);
  throw new UsageError(`there is no schema ${JSON.stringify(kind)}`, {
    hint: meant === undefined ? `Ask for one of: ${SCHEMA_KINDS.join(', ')}.` : `Did you mean ${meant}?`,
  });
}

function isKind(kind: string): kind is SchemaKind {
  return SCHEMA_KINDS.some((known) => known === kind);
}
