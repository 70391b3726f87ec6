// What two sets of addresses were combined to, as long as both are in use: the same two long lists meet in the report of a
// pass, and in every kind of packet that a policy is followed for.

export class RememberedResults {
  readonly #results = new WeakMap<Uint32Array, WeakMap<Uint32Array, Uint32Array>>();

  /** `make` is asked when these two are combined for the first time. */
  of(x: Uint32Array, y: Uint32Array, make: () => Uint32Array): Uint32Array {
    let results = this.#results.get(x);
    if (!results) this.#results.set(x, (results = new WeakMap()));
    let result = results.get(y);
    if (!result) results.set(y, (result = make()));
    return result;
  }
}
