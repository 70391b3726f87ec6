// Says "look again" when an interface came, went, or was made anew or renamed. The kernel tells of much more: every link
// that goes up, and what our own attaching changes on both ends of a veth. So names and numbers are compared.
import { LinkMonitor } from '../kernel/link-monitor.js';
import { listLinks } from '../kernel/rtnetlink.js';

export class InterfaceWatcher {
  readonly #changed: () => void;
  readonly #monitor: LinkMonitor;
  #known = namesAndNumbers();

  constructor(changed: () => void, lost: (reason: string, pause: number) => void) {
    this.#changed = changed;
    this.#monitor = new LinkMonitor({
      changed: () => {
        this.#compare();
      },
      lost,
    });
  }

  close(): Promise<void> {
    return this.#monitor.close();
  }

  #compare(): void {
    const now = namesAndNumbers();
    if (now === this.#known) return;
    this.#known = now;
    this.#changed();
  }
}

function namesAndNumbers(): string {
  return listLinks()
    .map(({ name, altnames = [], ifindex }) => [ifindex, name, ...altnames].join(' '))
    .sort()
    .join('\n');
}
