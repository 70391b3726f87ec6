// What asking a set about a source address costs when no address comes twice: in ns over the same program with an empty
// list. A million sources, one after the other, written into the packet by lookup.bpf.c.
import { median } from './statistics.mjs';
import { writeArray } from './maps.mjs';

const SOURCES = 1 << 20; // as in lookup.bpf.c
const ROUNDS = 3;

/** A frame whose source is replaced; family 4 or 6. */
export function frame(core, family, words = [0]) {
  const address = ([a, b = 0, c = 0, d = 0], of, length) => ({ family: of, a, b, c, d, length });
  const whole = family === 4 ? 32 : 128;
  const destination = family === 4 ? [0xc6336401] : [0x20010db8, 0, 0, 1];
  return core.buildPacket({
    protocol: 17,
    source: address(words, family, whole),
    destination: address(destination, family, whole),
    destinationPort: 9,
  });
}

/** Asks subjects about the sources of one list; the caller disposes of it. */
export class Asker {
  #objects = [];
  #sources;

  constructor({ core, lookup }, family) {
    this.core = core;
    this.bytes = lookup;
    this.family = family;
    this.floor = this.open('nothing');
    this.#sources = new core.Fd(this.floor.mapFd('sources'));
  }

  /** A program of lookup.bpf.c, loaded; all of them ask about the same sources. */
  open(function_, maps = {}) {
    const object = this.core.BpfObject.open(this.bytes, function_);
    this.#objects.push(object);
    const all = { ...(this.#sources && { sources: this.#sources }), ...maps };
    for (const [name, fd] of Object.entries(all)) object.reuseMap(name, fd);
    if (!object.tryLoad()) throw new Error(`${function_} of lookup.bpf.c was not loaded`);
    return object;
  }

  /** A program that is loaded already, behind a tail call. */
  around(programFd) {
    const object = this.open('ask');
    this.core.writeEntry(
      object.mapFd('subject'),
      'subject',
      0,
      new Uint8Array(Uint32Array.of(programFd).buffer),
    );
    return object;
  }

  /** The sources of what follows: in the list, or not. */
  bring(list, hit) {
    writeArray(this.#sources.number, list.sources(SOURCES, hit), SOURCES);
  }

  /** What an object says to the next source: a subject that is not asked at all would be a wrong number. */
  verdict(object) {
    return this.core.testRun(object.programFd(), { data: frame(this.core, this.family) }).verdict;
  }

  /** ns of one run. */
  run(object, repeat = SOURCES) {
    const data = frame(this.core, this.family);
    return this.core.testRun(object.programFd(), { data, repeat }).duration;
  }

  /** Sends that many frames with these sources into the stack, from an interface; ns for each. */
  inject(object, ifindex, repeat) {
    const started = process.hrtime.bigint();
    this.core.liveFrames(object.programFd(), {
      data: frame(this.core, this.family),
      ingressIfindex: ifindex,
      repeat,
    });
    return Number(process.hrtime.bigint() - started) / repeat;
  }

  dispose() {
    for (const object of this.#objects) object[Symbol.dispose]();
  }
}

/** `{ NAME: { hit, miss } }` of `subjects`, each `{ full, empty }`: functions that run and say ns; least over least. */
export function measureLookups(asker, list, subjects) {
  const found = Object.fromEntries(Object.keys(subjects).map((name) => [name, {}]));
  for (const kind of ['hit', 'miss']) {
    asker.bring(list, kind === 'hit');
    const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, { full: [], empty: [] }]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, { full, empty }] of Object.entries(subjects)) {
        times[name].empty.push(empty());
        times[name].full.push(full());
      }
    }
    for (const [name, { full, empty }] of Object.entries(times)) {
      found[name][kind] = Math.min(...full) - Math.min(...empty);
      found[name][`${kind}Median`] = median(full) - median(empty);
    }
  }
  return found;
}
