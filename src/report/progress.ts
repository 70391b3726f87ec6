// How far long work is, on stderr: nothing in the first second, then one line that is written over on a terminal, and a
// line now and then elsewhere.
import type { Progress } from '../model/progress.js';
import { printable } from './style.js';

/** Milliseconds of work that nobody needs to be told about. */
const PATIENCE = 1000;
/** Milliseconds between two lines on a terminal, and elsewhere. */
const PACE = { terminal: 100, plain: 5000 };
const WIDTH = 30;

export interface ProgressStream {
  isTTY?: boolean;
  write: (text: string) => unknown;
}

/** `clock` gives milliseconds. */
export class ProgressLine {
  #doing = '';
  #began = 0;
  #told = -Infinity;
  #isOpen = false;

  constructor(
    private readonly stream: ProgressStream,
    private readonly clock: () => number,
  ) {}

  readonly tell: Progress = ({ doing, done, total }) => {
    const now = this.clock();
    if (doing !== this.#doing) {
      this.end();
      this.#doing = doing;
      this.#began = now;
    }
    const { isTTY = false } = this.stream;
    if (now - this.#began < PATIENCE || now - this.#told < (isTTY ? PACE.terminal : PACE.plain)) return;
    this.#told = now;
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const percent = `${Math.floor(share * 100)} %`;
    if (!isTTY) {
      this.stream.write(`${printable(doing)}: ${percent}\n`);
      return;
    }
    const bar = '='.repeat(Math.round(share * WIDTH)).padEnd(WIDTH);
    this.stream.write(`\r\x1b[K${printable(doing)} [${bar}] ${percent}`);
    this.#isOpen = true;
  };

  /** Takes an unfinished line away again. */
  end(): void {
    if (this.#isOpen) this.stream.write('\r\x1b[K');
    this.#isOpen = false;
  }
}
