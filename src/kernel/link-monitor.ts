// Reports that a network interface appeared, vanished or changed, through `ip monitor link`, which is restarted when it ends. Its output
// is not parsed: it only says that something changed, and a pass then asks the kernel.
import { execa } from 'execa';
import { findTool, TOOL_ENVIRONMENT } from './tool.js';

/** Milliseconds before the first restart; doubled before each later one. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** Milliseconds. After a run of this length the pause starts from FIRST_PAUSE again. */
const STABLE_RUN = 60_000;

interface Listener {
  /** Something may have changed. Also called after every start, for changes that were missed before. */
  changed: () => void;
  /** It ended, and starts again after `pause` milliseconds. */
  lost: (reason: string, pause: number) => void;
}

export class LinkMonitor {
  readonly #listener: Listener;
  readonly #ending = new AbortController();
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Process id of the running `ip`. */
  pid: number | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#start();
  }

  /** Ends `ip`; resolves when the process is gone. */
  async close(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #start(): void {
    const started = performance.now();
    this.#running = this.#listen().then((reason) => {
      this.pid = undefined;
      if (this.#ending.signal.aborted) return;
      if (performance.now() - started > STABLE_RUN) this.#pause = FIRST_PAUSE;
      this.#listener.lost(reason, this.#pause);
      this.#timer = setTimeout(() => {
        this.#start();
      }, this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    });
  }

  /** Runs `ip monitor link`; resolves with the reason why it ended. */
  async #listen(): Promise<string> {
    const ip = findTool('ip');
    if (ip === undefined) return 'there is no `ip`: apt-get install iproute2';
    const setpriv = findTool('setpriv');
    // When this process is killed, the kernel ends `ip`, if setpriv (util-linux) is installed to ask for that.
    const monitor = [ip, '-o', 'monitor', 'link'];
    const [file = ip, ...args] =
      setpriv === undefined ? monitor : [setpriv, '--pdeathsig', 'TERM', ...monitor];
    const subprocess = execa(file, args, {
      extendEnv: false,
      env: TOOL_ENVIRONMENT,
      stdin: 'ignore',
      stderr: 'ignore',
      buffer: false,
      reject: false,
      // Ctrl-C on the terminal must reach only xdpkeep, which then ends `ip`.
      detached: true,
      cleanup: false,
      cancelSignal: this.#ending.signal,
      forceKillAfterDelay: false,
    });
    this.pid = subprocess.pid;
    const { changed } = this.#listener;
    subprocess.stdout.on('data', changed);
    // `ip` does not report when it is ready, and changes before that cause no event.
    const listening = setTimeout(changed, FIRST_PAUSE);
    const { exitCode, signal } = await subprocess;
    clearTimeout(listening);
    return `\`ip monitor link\` ended: ${signal ?? `exit ${exitCode ?? 'unknown: it did not start'}`}`;
  }
}
