// Binds a policy to this host, which gives its instance a digest. A redirect is compiled to an ifindex, so a re-created
// target interface makes another instance. Once an operator has blocked anything on an interface, its instances look blocks
// up; instances made before that do not.
import type { DesiredProgram } from '../model/desired.js';
import type { ObservedInterface, OwnedInterface } from '../model/observed.js';

/** What the digest of an instance ends with that asks for blocks: no hexadecimal number. */
const BLOCKS = 'blocks';

/** The program as an instance on this host, or the name of a redirect target that is not there. */
export function bindProgram(
  program: DesiredProgram,
  interfaces: readonly ObservedInterface[],
  owned: OwnedInterface | undefined,
): DesiredProgram | string {
  const targets = new Set(
    program.firewall?.policy.rules.flatMap(({ action }) => ('interface' in action ? [action.interface] : [])),
  );
  const parts: (string | number)[] = [];
  for (const target of [...targets].sort()) {
    const found = interfaces.find(({ name }) => name === target);
    if (!found) return target;
    parts.push(found.ifindex);
  }
  const blocks = program.firewall !== undefined && owned?.blocks !== undefined;
  if (blocks) parts.push(BLOCKS);
  if (parts.length === 0) return program;
  const digest = [program.digest, ...parts].join('-');
  return { ...program, digest, ...(blocks && { blocks }) };
}

/** Does this instance hold sources against blocks? */
export function isAsking(digest: string): boolean {
  return digest.endsWith(`-${BLOCKS}`);
}
