// Calls back when something in the state directory, or at another path, may have changed. What changed does not matter: a pass reads
// everything afresh. chokidar is silent about a root that is replaced (renamed over, a swapped symlink at any height above it),
// so every folder on the way to the root is watched as well, and the root is opened anew when its name moves.
import { type FSWatcher as FolderWatcher, watch as watchFolder } from 'node:fs';
import { basename } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { watchedFolders } from './watched-folders.js';

export class StateWatcher {
  readonly #stateDir: string;
  readonly #changed: () => void;
  readonly #isInside: boolean;
  #above: FolderWatcher[];
  #inside: FSWatcher | undefined;

  /**
   * `about`: whether what is inside counts, or only that the path leads to something else. Of a path that is another user's, only
   * the latter may: whatever they put there would be walked through.
   */
  constructor(stateDir: string, changed: () => void, about: 'inside' | 'replacement' = 'inside') {
    this.#stateDir = stateDir;
    this.#changed = changed;
    this.#isInside = about === 'inside';
    this.#above = this.#openAbove();
    this.#inside = this.#openInside();
  }

  async close(): Promise<void> {
    for (const folder of this.#above) folder.close();
    await this.#inside?.close();
  }

  #openInside(): FSWatcher | undefined {
    if (!this.#isInside) return undefined;
    // The many files of git itself are not state.
    const ignored = (path: string) => basename(path) === '.git';
    const watcher = watch(this.#stateDir, { ignoreInitial: true, ignored });
    watcher.on('all', this.#changed);
    // What changed while it was being opened has no event.
    watcher.on('ready', this.#changed);
    // A watcher that fails (too many files, a vanished mount) leaves the timer: nothing is lost but speed.
    watcher.on('error', () => undefined);
    return watcher;
  }

  #openAbove(): FolderWatcher[] {
    return [...watchedFolders(this.#stateDir)].flatMap(([folder, names]) => {
      try {
        const watcher = watchFolder(folder, (event, name) => {
          if (event === 'rename' && (name === null || names.has(name))) this.#reopen();
        });
        watcher.on('error', () => undefined);
        return [watcher];
      } catch {
        return []; // it is not there (yet): the folder above it tells when it comes
      }
    });
  }

  #reopen(): void {
    for (const folder of this.#above) folder.close();
    void this.#inside?.close();
    this.#above = this.#openAbove();
    this.#inside = this.#openInside();
    this.#changed();
  }
}
