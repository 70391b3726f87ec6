// One host with two judges: a policy of ours at veth0 (our-judge.ts), and iptables' `-m conntrack` behind it. What leaves goes through
// conntrack, address translation and then our tc program; what comes in goes into XDP, and on to conntrack. One packet at a time, so
// that each judge's answer is known.
// needs: lab
import { CONNECTION_STATES, type ConnectionState } from '../../src/model/policy.js';
import type { Lab } from '../lab.js';
import { numberOf } from '../support/ip-packets.js';
import {
  type ConntrackLog,
  type ConntrackState,
  openConntrackLog,
  writeConntrackRules,
} from './conntrack.js';
import { type OurJudge, seatOurJudge, soon } from './our-judge.js';

const WORLD = ['198.18.0.0/15', '2001:db8::/32'] as const;

export interface Verdicts {
  ours: ConnectionState;
  theirs: ConntrackState;
}

export interface Judges extends Disposable {
  /** Sends a packet from the host; as it is on the wire. */
  leave(packet: Uint8Array): Uint8Array;
  /** Lets a packet come in from outside. */
  comeIn(packet: Uint8Array): Verdicts;
}

/** `others`: more addresses of the host; `behind`: those that it translates. `source`: what our judge asks. */
export async function seatJudges(
  lab: Lab,
  others: string[],
  behind: string[],
  source?: 'tables' | 'conntrack',
): Promise<Judges> {
  await writeConntrackRules(lab.network.firewall, 'veth0', behind);
  const judge = await seatOurJudge(lab, WORLD, [...others, ...behind], source);
  return new TwoJudges(judge, await openConntrackLog(lab.network.firewall));
}

class TwoJudges implements Judges {
  #counted;

  constructor(
    readonly our: OurJudge,
    readonly log: ConntrackLog,
  ) {
    this.#counted = our.counts();
  }

  leave(packet: Uint8Array): Uint8Array {
    this.our.host.send(packet);
    const number = numberOf(packet);
    return soon(`packet ${number} on the wire`, () => {
      const frame = this.our.wire.receive();
      if (!frame) return undefined;
      const sent = Uint8Array.from(frame.subarray(14));
      return numberOf(sent) === number ? sent : undefined;
    });
  }

  comeIn(packet: Uint8Array): Verdicts {
    this.our.wire.send(this.our.frame(packet));
    const number = numberOf(packet);
    const said = soon(`what conntrack says about packet ${number}`, () => this.log.next());
    if (numberOf(said.packet) !== number) throw new Error(`conntrack says something about another packet`);
    const ours = soon(`what we say about packet ${number}`, () => this.#newlyCounted());
    return { ours, theirs: said.state };
  }

  #newlyCounted(): ConnectionState | undefined {
    const now = this.our.counts();
    const risen = CONNECTION_STATES.filter((state) => now[state] > this.#counted[state]);
    const [state] = risen;
    if (!state) return undefined;
    if (risen.length > 1 || now[state] > this.#counted[state] + 1)
      throw new Error('one packet was counted several times');
    this.#counted = now;
    return state;
  }

  [Symbol.dispose](): void {
    this.our[Symbol.dispose]();
    this.log[Symbol.dispose]();
  }
}
