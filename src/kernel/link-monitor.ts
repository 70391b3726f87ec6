// Told by the kernel that a network interface came, went or changed: `ip monitor link`, begun again when it dies. What it
// prints is not read: it says "look", and whoever looks asks the kernel.
import { execa } from 'execa';
import { findTool, TOOL_ENVIRONMENT } from './tool.js';

/** Milliseconds before the first new start; twice as long before each later one. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** Who ran for so long was well, and is begun again at once. Milliseconds. */
const WELL = 60_000;

interface Listener {
  /** Something may have changed; also said after every start, for what was missed until then. */
  changed: () => void;
  /** It does not run; `pause` says for how long, in milliseconds. */
  lost: (reason: string, pause: number) => void;
}

export class LinkMonitor {
  readonly #listener: Listener;
  readonly #ending = new AbortController();
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Of the running `ip`. */
  pid: number | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#start();
  }

  /** Resolves when no process is left. */
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
      if (performance.now() - started > WELL) this.#pause = FIRST_PAUSE;
      this.#listener.lost(reason, this.#pause);
      this.#timer = setTimeout(() => {
        this.#start();
      }, this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    });
  }

  /** Resolves with why it ended. */
  async #listen(): Promise<string> {
    const ip = findTool('ip');
    if (ip === undefined) return 'there is no `ip`: apt-get install iproute2';
    const setpriv = findTool('setpriv');
    // Nobody else ends it where this process is killed: the kernel does, if setpriv (util-linux) is there to ask for it.
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
      // Ctrl-C on the terminal is for xdpkeep, which ends it.
      detached: true,
      cleanup: false,
      cancelSignal: this.#ending.signal,
      forceKillAfterDelay: false,
    });
    this.pid = subprocess.pid;
    const { changed } = this.#listener;
    subprocess.stdout.on('data', changed);
    // It says nothing when it is ready; what came before it listened has no event.
    const listening = setTimeout(changed, FIRST_PAUSE);
    const { exitCode, signal } = await subprocess;
    clearTimeout(listening);
    return `\`ip monitor link\` ended: ${signal ?? `exit ${exitCode ?? 'unknown: it did not start'}`}`;
  }
}
