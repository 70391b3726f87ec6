// Caches an answer for a moment and computes it once at a time, so that a hundred readers cost as much as one.

/** `maxAge` in milliseconds. A failure is kept as long as an answer. */
export class Fresh<T> {
  #made = -Infinity;
  #answer: Promise<T> | undefined;

  constructor(
    private readonly make: () => Promise<T>,
    private readonly maxAge: number,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  get(): Promise<T> {
    if (this.#answer && this.clock() - this.#made < this.maxAge) return this.#answer;
    this.#made = Infinity; // its age is negative until it is there: everybody waits for this one
    const answer = Promise.resolve().then(this.make); // what it throws at once is a failure like any other
    this.#answer = answer;
    const done = () => {
      this.#made = this.clock();
    };
    answer.then(done, done);
    return answer;
  }
}
