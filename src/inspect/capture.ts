// `xdpkeep capture`: packets of one interface that match, each with the deciding row and the verdict. A small map, the tap,
// tells the datapath for a few seconds at a time what to keep; it expires by itself when this process ends. What is
// attached is not changed.
import { EventReader, type Caught } from './events.js';
import type { Match } from '../model/policy.js';
import { type SeenPacket, FATES } from '../model/sample.js';
import { matches } from '../policy/fields/registry.js';
import { parseKept } from '../policy/packet/headers.js';
import { makeTap, tapUntil } from '../policy/compile/tap.js';

export interface CaptureFilter {
  interface: string;
  match: Match;
  /** All of them when absent. */
  verdicts?: (typeof FATES)[number][];
}

export class InterfaceCapture implements Disposable {
  readonly #reader: EventReader;

  /** Throws what EventReader throws. */
  constructor(
    bpffs: string,
    private readonly filter: CaptureFilter,
  ) {
    const verdicts = filter.verdicts ?? FATES;
    const numbers = verdicts.map((name) => FATES.indexOf(name));
    const tap = makeTap(filter.match, numbers);
    this.#reader = new EventReader(bpffs, {
      interface: filter.interface,
      tap: (until) => tapUntil(tap, until),
    });
  }

  take(): Caught {
    const { packets, lost } = this.#reader.take();
    return { packets: packets.filter((one) => isMatch(one, this.filter.match)), lost };
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}

/** What the datapath let through is looked at again, exactly; what cannot be read matches only when everything does. */
function isMatch({ frame, length }: SeenPacket, match: Match): boolean {
  if (Object.keys(match).length === 0) return true;
  const parsed = parseKept(frame, length);
  return parsed !== undefined && parsed.shape !== 'malformed' && matches(match, parsed.fields);
}
