// Partitions the address space at every edge of a rule's set, in one sweep over the edges of all sets.
import { compareWords, Edges, type Width } from '../../addresses/ranges.js';
import { Classes, flipBit } from './bits.js';

/** Segment `i` reaches from its start to the start of the next one, the last to the end of all addresses. */
export interface Partition {
  width: Width;
  /** `width` words a segment; the first one is 0. */
  starts: Uint32Array;
  /** Segment -> class; neighbours have different ones. */
  classes: Uint32Array;
}

/** A set, in the words of AddressRanges, and the rules that ask for it. */
export interface Member {
  words: Uint32Array;
  rules: number[];
}

/** `background` is the class of addresses in no set. A rule is in one member at most. */
export function partition(members: Member[], width: Width, classes: Classes, background: number): Partition {
  const edges = members.reduce((sum, { words }) => sum + words.length, 0);
  const starts = new Uint32Array(edges + width);
  const numbers = new Uint32Array(edges / width + 1).fill(background);
  const states = new States(members, classes, background);
  const queue = new EdgeQueue(members.map(({ words }) => new Edges(words, width)));
  let state = 0;
  let segments = 1;
  const at = new Float64Array(width);
  while (queue.head && (queue.head.at[0] ?? 0) < 2 ** 32) {
    at.set(queue.head.at);
    do {
      state = states.toggle(state, queue.index);
      queue.advance();
    } while (queue.isAt(at, width));
    const segment = at.some((word) => word > 0) ? segments++ : 0;
    starts.set(at, segment * width);
    numbers[segment] = states.classOf(state);
  }
  return { width, starts: starts.slice(0, segments * width), classes: numbers.slice(0, segments) };
}

/** The sets that the sweep is inside of. The class is asked for only once all edges at one address are crossed. */
class States {
  readonly #states: Classes;
  readonly #classOf: number[];
  readonly #toggled = new Map<number, number>();
  readonly #next: Uint32Array;

  constructor(
    private readonly members: Member[],
    private readonly classes: Classes,
    background: number,
  ) {
    this.#states = new Classes(classes.words);
    this.#next = new Uint32Array(classes.words);
    this.#states.number(classes.at(background));
    this.#classOf = [background];
  }

  /** The same transitions recur often in large sets, so their classes are cached. */
  toggle(state: number, index: number): number {
    const key = state * this.members.length + index;
    let next = this.#toggled.get(key);
    if (next === undefined) {
      this.#next.set(this.#states.at(state));
      for (const rule of this.members[index]?.rules ?? []) flipBit(this.#next, rule);
      next = this.#states.number(this.#next);
      this.#toggled.set(key, next);
    }
    return next;
  }

  classOf(state: number): number {
    return (this.#classOf[state] ??= this.classes.number(this.#states.at(state)));
  }
}

/** A binary heap of the sets by their next edge. */
class EdgeQueue {
  readonly #heap: { edges: Edges; index: number }[] = [];

  constructor(all: Edges[]) {
    all.forEach((edges, index) => {
      if (!edges.ended) this.#heap.push({ edges, index });
    });
    for (let at = this.#heap.length >>> 1; at >= 0; at--) this.#sink(at);
  }

  /** The lowest edge of all; absent at the end. */
  get head(): Edges | undefined {
    return this.#heap[0]?.edges;
  }

  /** Is the next edge this one? */
  isAt(edge: Float64Array, width: Width): boolean {
    return this.head !== undefined && compareWords(this.head.at, 0, edge, 0, width) === 0;
  }

  /** Whose edge it is. */
  get index(): number {
    return this.#heap[0]?.index ?? 0;
  }

  advance(): void {
    this.head?.advance();
    if (this.head?.ended) {
      const last = this.#heap.pop();
      if (last && this.#heap.length > 0) this.#heap[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let at = from; ;) {
      const here = heap[at];
      const left = heap[2 * at + 1];
      if (!here || !left) return;
      const right = heap[2 * at + 2];
      const least = right && isBefore(right.edges, left.edges) ? right : left;
      if (!isBefore(least.edges, here.edges)) return;
      const below = least === right ? 2 * at + 2 : 2 * at + 1;
      heap[at] = least;
      heap[below] = here;
      at = below;
    }
  }
}

function isBefore(x: Edges, y: Edges): boolean {
  return compareWords(x.at, 0, y.at, 0, x.at.length as Width) < 0;
}
