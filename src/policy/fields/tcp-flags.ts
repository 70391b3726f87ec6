// `tcpFlags`: the 14th byte of the TCP header. A match says of each flag that it is set, that it is clear, or nothing.
import { PROTOCOLS, TCP_FLAGS } from '../../model/names.js';
import type { Match, Range, TcpFlags } from '../../model/policy.js';
import type { Problem } from '../../text/wording.js';
import type { Field, FieldProblem, WrittenMatch } from './field.js';
import { type NotationOf, notation } from './notation.js';
import { numberDimension } from './number-dimension.js';

const AT = 13;
const VALUES = 256;

const written: NotationOf<TcpFlags> = notation({ kind: 'flags', bits: TCP_FLAGS });

function agrees({ mask, value }: TcpFlags, flags: number): boolean {
  return (flags & mask) === value;
}

function agreesWithOne(asked: TcpFlags[], flags: number): boolean {
  return asked.some((one) => agrees(one, flags));
}

const ANY: TcpFlags = { mask: 0, value: 0 };
/** Every value of the byte by itself. */
const EACH: TcpFlags[] = Array.from({ length: VALUES }, (_, value) => ({ mask: VALUES - 1, value }));

/** The bits of the 14th byte of the TCP header, lowest (FIN) first. */
function flagNames(bits: number): string[] {
  return Object.entries(TCP_FLAGS).flatMap(([name, bit]) => (bits & bit ? [name.toUpperCase()] : []));
}

export const tcpFlags: Field<'tcpFlags'> = {
  layer: 'transport',
  inMatch: written,
  inPacket: written,
  help: {
    match: '{syn: true, ack: false}: set and clear; a list matches if one of its maps does.',
    packet: 'The flags that are set. Default: {syn: true}.',
  },
  needs: { protocols: [PROTOCOLS.tcp], mustBeNamed: false, problem: notTcp },
  problems: nameless,
  dimension: numberDimension({
    values: VALUES,
    isIn: ({ transport }) => transport === 'tcp',
    ranges: rangesOf,
    natural: [TCP_FLAGS.syn, TCP_FLAGS.ack],
    describe: (value) => ({ tcpFlags: value }),
  }),
  read: ({ transport }) => (transport?.protocol === 'tcp' ? transport.header.getUint8(AT) : undefined),
  agrees: agreesWithOne,
  except: (asked = [ANY], not) =>
    EACH.filter(({ value }) => agreesWithOne(asked, value) && !agreesWithOne(not, value)),
  put: ({ transport }, value = TCP_FLAGS.syn) => {
    if (transport?.protocol === 'tcp') transport.header.setUint8(AT, value);
  },
  describe: (value) => value,
  words: (value, { protocol = PROTOCOLS.tcp }) =>
    protocol === PROTOCOLS.tcp ? [flagNames(value).join('+') || 'no flags'] : [],
  report: flagNames,
  samples: [0, 2, 16, 18, 4, 1, 41, 255],
};

function rangesOf({ tcpFlags: asked }: Match): Range[] | undefined {
  if (!asked) return undefined;
  const ranges: Range[] = [];
  for (let flags = 0; flags < VALUES; flags++) {
    if (agreesWithOne(asked, flags)) ranges.push({ from: flags, to: flags });
  }
  return ranges;
}

function notTcp(): Problem {
  return {
    summary: 'TCP flags without TCP',
    message: 'goes with protocol tcp alone',
    hint: 'Write `protocol: tcp`, and a rule of its own for other protocols.',
  };
}

function* nameless(match: WrittenMatch): Generator<FieldProblem> {
  if (match.tcpFlags?.some(({ mask }) => mask === 0))
    yield { fields: ['tcpFlags'], message: 'must name a flag', hint: 'Write {syn: true, ack: false}.' };
}
