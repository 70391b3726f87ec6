// A file descriptor with one owner. `using` closes it on every path, so that no program or map stays open after its use.
import { closeSync } from 'node:fs';

export class Fd implements Disposable {
  #open = true;
  constructor(readonly number: number) {}

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.number);
  }
}
