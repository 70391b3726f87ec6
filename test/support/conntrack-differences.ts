// Where a state may be another one than conntrack's: each class with the sentence of docs/connections.md that says so.
import type { ConntrackState } from '../lab/conntrack.js';
import type { ConnectionState } from '../../src/model/policy.js';
import { FLAG } from './ip-packets.js';
import type { Observed } from './speaker.js';

export interface Difference {
  name: string;
  /** As it stands in docs/connections.md, where line breaks are spaces. */
  sentence: string;
  ours: readonly ConnectionState[];
  theirs: readonly ConntrackState[];
  /** Which packets of conversations, whose states are so. */
  isOf(packet: Observed): boolean;
}

const { syn, ack, rst, fin } = FLAG;

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'a SYN is new',
    sentence: 'a TCP SYN without ACK, RST or FIN, also where the flow is known',
    ours: ['new'],
    theirs: ['ESTABLISHED'],
    isOf: ({ kind, flags }) => kind === 'tcp' && (flags & (syn | ack | rst | fin)) === syn,
  },
  {
    name: 'an echo request is new',
    sentence: 'an echo request, and ICMP that is no answer',
    ours: ['new'],
    theirs: ['ESTABLISHED'],
    isOf: ({ kind, isRequest }) => kind === 'echo' && isRequest,
  },
  {
    name: 'an error about a pong is invalid',
    sentence: 'Answers to pings are not written down: an error about one is `invalid`.',
    ours: ['invalid'],
    theirs: ['RELATED'],
    isOf: ({ quotesPong }) => quotesPong,
  },
  {
    name: 'an error about what this host has not sent is invalid',
    sentence: 'an ICMP or ICMPv6 error about a packet that this host has sent',
    ours: ['invalid'],
    theirs: ['RELATED'],
    isOf: ({ kind, hostSpoke }) => kind === 'error' && !hostSpoke,
  },
  {
    name: 'windows are not checked',
    sentence: 'No sequence numbers are looked at, nor which packet may follow which',
    ours: ['established', 'related'],
    theirs: ['INVALID'],
    isOf: ({ kind, hostSpoke }) => kind === 'tcp' && hostSpoke,
  },
  {
    name: 'an end that comes in ends nothing',
    sentence: 'A FIN or RST that comes in shortens no life',
    ours: ['established', 'related'],
    theirs: ['NEW', 'INVALID'],
    isOf: ({ wasReset, hostSpoke }) => wasReset && hostSpoke,
  },
  {
    name: 'whatever leaves begins a flow',
    sentence: 'Whatever leaves in a flow but a TCP RST begins it or brings it back',
    ours: ['established', 'related'],
    theirs: ['NEW', 'INVALID'],
    isOf: ({ protocol, hostSpoke }) => protocol === 'tcp' && hostSpoke,
  },
];

/** Does the packet come in although conntrack does not let it, or not come in although conntrack lets it? */
export function isDifferent({ ours, theirs }: Pick<Observed, 'ours' | 'theirs'>): boolean {
  const [isOurs, isTheirs] = [
    ours === 'established' || ours === 'related',
    theirs === 'ESTABLISHED' || theirs === 'RELATED',
  ];
  return isOurs !== isTheirs;
}

/** The class that a difference is of; `undefined` when it is a fault. */
export function classOf(packet: Observed): Difference | undefined {
  return DIFFERENCES.find(
    (one) => one.ours.includes(packet.ours) && one.theirs.includes(packet.theirs) && one.isOf(packet),
  );
}
