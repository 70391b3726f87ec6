// A real terminal of a lab: a shell in tmux, in the network namespace of the firewall's side. What is seen in it is what an
// operator would see.
// needs: lab tmux
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.js';

export class Terminal implements AsyncDisposable {
  readonly #tmux: string[];

  private constructor(
    private readonly lab: Lab,
    name: string,
  ) {
    this.#tmux = ['env', 'LC_ALL=C.UTF-8', 'tmux', '-L', name, '-f', '/dev/null'];
  }

  static async open(lab: Lab, size = { columns: 80, rows: 24 }): Promise<Terminal> {
    const terminal = new Terminal(lab, `${lab.name}-tmux`);
    const numbers = ['-x', String(size.columns), '-y', String(size.rows)];
    await terminal.#run('new-session', '-d', ...numbers, 'env', '-u', 'NO_COLOR', 'PS1=$ ', 'sh');
    return terminal;
  }

  /** A line, with the key at its end. */
  async type(line: string): Promise<void> {
    await this.#run('send-keys', '-l', line);
    await this.press('Enter');
  }

  /** Keys by the names that tmux gives them: `q`, `Enter`, `C-c`, `Down`. */
  async press(...keys: string[]): Promise<void> {
    await this.#run('send-keys', ...keys);
  }

  /** Its text, line by line; `escapes`: with colours. */
  async shown(escapes = false): Promise<string> {
    return this.#run('capture-pane', '-p', ...(escapes ? ['-e'] : []));
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Is it the shell's own screen, with a cursor? */
  async isPlain(): Promise<boolean> {
    const flags = await this.#run('display-message', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag}');
    return flags.trim() === '0 1 1';
  }

  /** The process that the shell runs. */
  async running(): Promise<number | undefined> {
    const shell = (await this.#run('display-message', '-p', '#{pane_pid}')).trim();
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [server, shell] = (await this.#run('display-message', '-p', '#{pid} #{pane_pid}'))
      .trim()
      .split(' ');
    const all = [server, shell, await this.running()];
    await this.#run('kill-server');
    for (let tries = 0; all.some((pid) => pid !== undefined && existsSync(`/proc/${pid}`)); tries++) {
      if (tries > 1200) throw new Error(`the terminal is still there: ${all.join(', ')}`);
      await sleep(50);
    }
  }

  #run(...args: string[]): Promise<string> {
    return this.lab.exec(...this.#tmux, ...args);
  }
}
