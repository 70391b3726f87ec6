// Binds a policy to this host, which gives its instance a digest. A redirect is compiled to an ifindex, so a re-created
// target interface makes another instance. Once an operator has blocked anything on an interface, its instances look blocks
// up; instances made before that do not. A policy that asks about connections is of tables of one size. Where frames come in several buffers, the program is another one.
import { goesBy } from '../model/altnames.js';
import { type ConnectionSettings, sizeMark } from '../model/connections.js';
import { asksConnections, type DesiredProgram } from '../model/desired.js';
import type { ObservedInterface, OwnedInterface } from '../model/observed.js';

/** What the digest of an instance ends with that asks for blocks: no hexadecimal number. */
const BLOCKS = 'blocks';
/** And of one that takes frames in several buffers. */
const FRAGS = 'frags';

/** The program as an instance on this host, or the name of a redirect target that is not there. */
export function bindProgram(
  program: DesiredProgram,
  interfaces: readonly ObservedInterface[],
  owned: OwnedInterface | undefined,
  frags: boolean,
  connections?: Pick<ConnectionSettings, 'max'>,
): DesiredProgram | string {
  const targets = new Set(
    program.firewall?.policy.rules.flatMap(({ action }) => ('interface' in action ? [action.interface] : [])),
  );
  const parts: (string | number)[] = [];
  for (const target of [...targets].sort()) {
    const found = interfaces.find((one) => goesBy(one, target));
    if (!found) return target;
    parts.push(found.ifindex);
  }
  const asks = program.firewall !== undefined && asksConnections(program.firewall.policy);
  const mark = asks && connections ? sizeMark(connections) : undefined;
  if (mark !== undefined) parts.push(mark);
  const blocks = program.firewall !== undefined && owned?.blocks !== undefined;
  if (blocks) parts.push(BLOCKS);
  const bound =
    parts.length === 0
      ? program
      : { ...program, digest: [program.digest, ...parts].join('-'), ...(blocks && { blocks }) };
  return frags ? withFrags(bound) : bound;
}

/** The same policy for frames in several buffers. What other programs take, their section says. */
export function withFrags(program: DesiredProgram): DesiredProgram {
  if (!program.firewall || program.frags) return program;
  const parts = program.digest.split('-').filter((part) => part !== BLOCKS);
  const digest = [...parts, FRAGS, ...(program.blocks ? [BLOCKS] : [])].join('-');
  return { ...program, digest, frags: true };
}

/** The same policy for frames in one buffer. */
export function withoutFrags(program: DesiredProgram): DesiredProgram {
  const { frags, ...rest } = program;
  if (!frags) return program;
  return {
    ...rest,
    digest: program.digest
      .split('-')
      .filter((part) => part !== FRAGS)
      .join('-'),
  };
}

/** Does this instance of a policy take frames in several buffers? */
export function takesFrags(digest: string): boolean {
  return digest.split('-').includes(FRAGS);
}

/** Does this instance hold sources against blocks? */
export function isAsking(digest: string): boolean {
  return digest.endsWith(`-${BLOCKS}`);
}
