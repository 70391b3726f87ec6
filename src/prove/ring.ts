// One ring buffer of sampled packets for all interfaces of a host: that of the instances that run, or one that is made for
// this pass. Each instance pins it, so it lives as long as any of them does, and no pin of its own is needed.
import type { Fd } from '../kernel/fd.js';
import { openMap } from '../kernel/pinned.js';
import { createRing, SAMPLES } from '../kernel/samples.js';
import { type ObservedState, runningInstance, runsPolicy } from '../model/observed.js';

/** Keeps what it opens until it is disposed of. */
export class SharedRing implements Disposable {
  #ring: Fd | undefined;

  open(observed: ObservedState): Fd {
    return (this.#ring ??= running(observed) ?? createRing());
  }

  [Symbol.dispose](): void {
    this.#ring?.[Symbol.dispose]();
  }
}

function running({ owned }: ObservedState): Fd | undefined {
  for (const one of owned.filter(runsPolicy)) {
    const found = runningInstance(one)?.maps.find(({ name }) => name === SAMPLES);
    const ring = found && openMap(found.id);
    if (ring) return ring;
  }
  return undefined;
}
