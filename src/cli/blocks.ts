// `xdpkeep block`, `unblock` and `blocks`: sources that are dropped for a time, beside what git says.
import { readBlockReports } from '../inspect/blocks.js';
import { block, unblock } from '../operate/blocks.js';
import { parseCidr } from '../addresses/parse.js';
import { unmapped } from '../addresses/mapped.js';
import { formatCidr } from '../addresses/format.js';
import { OPERATOR } from '../model/blocks.js';
import { EXIT, UsageError } from '../model/errors.js';
import type { Cidr } from '../addresses/cidr.js';
import { blockLine, renderBlocks } from '../report/blocks.js';
import { json, printable } from '../report/style.js';
import type { CommonOptions } from './options.js';
import { type ReasonAndDuration, readReasonAndDuration } from './reason-and-duration.js';
import type { CommandResult } from './result.js';
import { operatorName } from './operator-name.js';

export interface Owned {
  owner?: string;
}

export interface BlockCommand extends CommonOptions, ReasonAndDuration, Owned {
  acceptLockout?: boolean;
}

export async function runBlock(
  cidr: string,
  name: string | undefined,
  options: BlockCommand,
): Promise<CommandResult> {
  const { acceptLockout = false, host, output } = options;
  const { network, notes } = networkOf(cidr);
  const { reason, duration } = readReasonAndDuration('block', options, {
    example: 'xdpkeep block 192.0.2.7 --for 1h --reason "flood, ticket 12" [INTERFACE]',
    instead: '; what is to stay belongs into a list of the policy',
  });
  const made = {
    cidr: formatCidr(network),
    network,
    ...(name !== undefined && { interface: name }),
    owner: options.owner === undefined ? OPERATOR : ownerOf(options.owner),
    reason,
    by: operatorName(),
    duration,
  };
  const { warnings: found, ...result } = await block(options, host, made, acceptLockout);
  const warnings = [...notes, ...found];
  const exitCode = result.notYet.length > 0 ? EXIT.partial : EXIT.ok;
  if (output === 'json') {
    return { exitCode, out: json({ apiVersion: 'xdpkeep/v1', kind: 'Block', ...result, warnings }) };
  }
  const where = result.inForce.length > 0 ? `in force on ${result.inForce.join(', ')}` : 'in force nowhere';
  const err = [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...result.notYet.map((one) => `error: not in force on ${one}; the next pass tries again`),
  ];
  return {
    exitCode,
    out: printable(`${blockLine('blocked', result.block)}; ${where}\n`),
    err: err.map((line) => `${printable(line)}\n`).join(''),
  };
}

/** Fine when it is not blocked: its time may have been over. */
export async function runUnblock(
  cidr: string,
  name: string | undefined,
  options: CommonOptions & Owned,
): Promise<CommandResult> {
  const text = formatCidr(networkOf(cidr).network);
  const selection = {
    cidr: text,
    ...(name !== undefined && { interface: name }),
    ...(options.owner !== undefined && { owner: ownerOf(options.owner) }),
  };
  const { ended, left } = await unblock(options, selection, operatorName());
  if (options.output === 'json') {
    return { exitCode: EXIT.ok, out: json({ apiVersion: 'xdpkeep/v1', kind: 'Unblock', ended, left }) };
  }
  const lines = [
    ...ended.map((one) => blockLine('unblocked', one)),
    ...left.map((one) => blockLine('still blocked', one)),
  ];
  return { exitCode: EXIT.ok, out: `${lines.join('\n') || `${text} is not blocked`}\n` };
}

export function runBlocks(options: CommonOptions): CommandResult {
  const blocks = readBlockReports(options);
  return { exitCode: EXIT.ok, out: options.output === 'json' ? json(blocks) : renderBlocks(blocks) };
}

/** An IPv4-mapped network, as logs have it, is the IPv4 one; that is told. */
function networkOf(text: string): { network: Cidr; notes: string[] } {
  const network = parseCidr(text);
  if ('message' in network)
    throw new UsageError(`CIDR ${network.message}`, network.hint === undefined ? {} : { hint: network.hint });
  const four = unmapped(network);
  if (!four) return { network, notes: [] };
  return { network: four, notes: [`${text} is IPv4-mapped, and is taken for ${formatCidr(four)}`] };
}

/** What fail2ban calls its jails is among them. */
const OWNER = /^[\p{L}\p{N}][\p{L}\p{N}._:@/+-]{0,63}$/u;

function ownerOf(text: string): string {
  if (OWNER.test(text)) return text;
  throw new UsageError(`--owner ${JSON.stringify(text)} is no name of an owner`, {
    hint: 'At most 64 letters, digits and . _ : @ / + -, a letter or a digit first: fail2ban-sshd.',
  });
}
