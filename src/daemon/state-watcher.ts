// Says "look again" when something in the state directory may have changed. What changed, nobody asks: content is read
// afresh. chokidar is silent about a root that is replaced (renamed over, a swapped symlink), so its parent is
// watched as well, and the root is opened anew on the parent's events.
import { basename, dirname, resolve } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';

export class StateWatcher {
  readonly #root: string;
  readonly #changed: () => void;
  readonly #parent: FSWatcher;
  #inner: FSWatcher;

  constructor(stateDir: string, changed: () => void) {
    this.#root = resolve(stateDir);
    this.#changed = changed;
    this.#inner = this.#open();
    this.#parent = watch(dirname(this.#root), { ignoreInitial: true, depth: 0, followSymlinks: false });
    this.#parent.on('all', (_event, path) => {
      if (basename(path) === basename(this.#root)) this.#reopen();
    });
    // A watcher that fails (too many files, a vanished mount) leaves the timer: nothing is lost but speed.
    this.#parent.on('error', () => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([this.#inner.close(), this.#parent.close()]);
  }

  #open(): FSWatcher {
    const inner = watch(this.#root, { ignoreInitial: true });
    inner.on('all', this.#changed);
    inner.on('error', () => undefined);
    return inner;
  }

  #reopen(): void {
    void this.#inner.close();
    this.#inner = this.#open();
    this.#changed();
  }
}
