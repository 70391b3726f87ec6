// A BPF object file in libbpf's hands: opened from bytes, its maps and functions listed, maps reused, loaded.
// Opening needs no privilege and changes nothing; load() makes maps and programs that live as long as the object.
import koffi from 'koffi';
import {
  type ErrorDetails,
  KernelError,
  PermissionError,
  ProgramError,
  type XdpkeepError,
} from '../model/errors.js';
import type { MapDefinition } from '../model/instance.js';
import { Fd } from './fd.js';
import { CAPABILITIES_HINT, callFailed, describeErrno, lastErrno, libbpf } from './ffi.js';
import { captureLibbpf, silenceLibbpf } from './libbpf-log.js';

/** The verifier's log may be long, the pages are only touched as it grows. */
const LOG_BYTES = 16 << 20;

const BPF_PROG_TYPE_XDP = 6; // uapi/linux/bpf.h
const BPF_MAP_TYPE_PROG_ARRAY = 3;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

/** Loading was refused by the verifier; `log` is its own text, last lines last. */
export class VerifierError extends KernelError {
  constructor(function_: string, errno: number, log: string) {
    const [code, text] = describeErrno(errno);
    super(`load ${function_}`, errno, code, text, {
      hint: 'Read the last lines of the log below: the verifier names the instruction and the reason.',
      log,
    });
  }
}

export class BpfObject implements Disposable {
  readonly #object: unknown;
  readonly #bytes: Uint8Array; // libbpf reads it until load: keep it alive
  readonly #log: unknown;
  readonly #function: string;
  #closed = false;

  private constructor(object: unknown, bytes: Uint8Array, log: unknown, function_: string) {
    this.#object = object;
    this.#bytes = bytes;
    this.#log = log;
    this.#function = function_;
  }

  /** Opens an object for the one XDP program `function_`; others are loaded only when it may call them (tail calls). */
  static open(bytes: Uint8Array, function_: string): BpfObject {
    const log: unknown = koffi.alloc('char', LOG_BYTES);
    // Without a name libbpf takes the address of the bytes: maps of the compiler are named after it.
    const opts = { sz: 72, object_name: function_, kernel_log_buf: log, kernel_log_size: LOG_BYTES };
    const openIt = () => libbpf().objectOpenMem(bytes, bytes.length, opts);
    const opened = silenceLibbpf(openIt);
    const { result, text } = opened ? { result: opened, text: '' } : captureLibbpf(openIt);
    if (!result) {
      const [, reason] = describeErrno(lastErrno());
      koffi.free(log);
      throw new ProgramError(`not a usable BPF object: ${causeIn(text) ?? reason}`, explain(text));
    }
    const object = new BpfObject(result, bytes, log, function_);
    object.#select();
    // Maps that ask to be pinned by name: libbpf would pin them at load, outside our directory and in a dry run too.
    for (const map of object.#maps()) libbpf().mapSetPinPath(map, null);
    return object;
  }

  /** The maps of the object, in its order. */
  maps(): MapDefinition[] {
    return [...this.#maps()].map((map) => ({
      name: libbpf().mapName(map),
      type: libbpf().mapType(map),
      keySize: libbpf().mapKeySize(map),
      valueSize: libbpf().mapValueSize(map),
      maxEntries: libbpf().mapMaxEntries(map),
      flags: libbpf().mapFlags(map),
      internal: libbpf().mapIsInternal(map),
      made: libbpf().mapAutocreate(map),
    }));
  }

  /** Makes the object use an existing map instead of a new one. Before load only. */
  reuseMap(name: string, fd: Pick<Fd, 'number'>): void {
    const result = libbpf().mapReuseFd(this.#map(name), fd.number);
    if (result < 0) throw callFailed(`reuse map ${name}`, -result);
  }

  /** Loads the program as if its section were `xdp.frags`: it gets frames in several buffers. Before load only. */
  takeFrags(): void {
    const program = this.#program();
    const flags = libbpf().programFlags(program) | BPF_F_XDP_HAS_FRAGS;
    const result = libbpf().programSetFlags(program, flags);
    if (result < 0) throw callFailed('mark a program as one for frames in several buffers', -result);
  }

  /** Does its section say so? libbpf sets the flag by itself then, as late as it loads. */
  takesFrags(): boolean {
    return /^\??xdp\.frags$/.test(libbpf().programSection(this.#program()));
  }

  /** Like `load`, but does not say why it failed. An object is loaded once: for an answer another one has to be opened. */
  tryLoad(): boolean {
    return silenceLibbpf(() => libbpf().objectLoad(this.#object)) >= 0;
  }

  /** Makes the maps and loads the program through the verifier. */
  load(): void {
    const { result, text } = captureLibbpf(() => libbpf().objectLoad(this.#object));
    if (result >= 0) return;
    const log = koffi.decode(this.#log, 'char', -1) as string;
    if (log.trim() !== '') throw new VerifierError(this.#function, -result, log.trimEnd());
    throw loadFailed(this.#function, -result, text);
  }

  /** Valid after load and until the object is disposed of. Not to be closed. */
  programFd(): number {
    return libbpf().programFd(this.#program());
  }

  /** Valid after load and until the object is disposed of. Not to be closed. */
  mapFd(name: string): number {
    return libbpf().mapFd(this.#map(name));
  }

  /** libbpf's own handle of a map, for the modules of kernel/ that shape maps before load. */
  mapHandle(name: string): unknown {
    return this.#map(name);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    libbpf().objectClose(this.#object);
    koffi.free(this.#log);
  }

  /** A program array may be filled with the object's other programs at load; which ones, libbpf does not tell. */
  #select(): void {
    const tailCalls = [...this.#maps()].some((map) => libbpf().mapType(map) === BPF_MAP_TYPE_PROG_ARRAY);
    for (const program of this.#programs()) {
      const asked = libbpf().programName(program) === this.#function;
      const callable = tailCalls && libbpf().programType(program) === BPF_PROG_TYPE_XDP;
      libbpf().programSetAutoload(program, asked || callable);
    }
  }

  #program(): unknown {
    for (const program of this.#programs()) {
      if (libbpf().programName(program) === this.#function) return program;
    }
    throw new ProgramError(`the object has no function ${this.#function}`);
  }

  #map(name: string): unknown {
    for (const map of this.#maps()) if (libbpf().mapName(map) === name) return map;
    throw new ProgramError(`the object has no map ${name}`);
  }

  *#programs(): Generator {
    let program = libbpf().objectNextProgram(this.#object, null);
    while (program) {
      yield program;
      program = libbpf().objectNextProgram(this.#object, program);
    }
  }

  *#maps(): Generator {
    let map = libbpf().objectNextMap(this.#object, null);
    while (map) {
      yield map;
      map = libbpf().objectNextMap(this.#object, map);
    }
  }
}

/** Opens, shapes and loads; the caller disposes of it. What fails is done once more, to hear what libbpf says of it. */
export function loadObject(
  bytes: Uint8Array,
  function_: string,
  shape: (object: BpfObject) => void,
): BpfObject {
  const object = openShaped(bytes, function_, shape);
  if (object.tryLoad()) return object;
  object[Symbol.dispose]();
  return openShaped(bytes, function_, (again) => {
    shape(again);
    again.load();
  });
}

function openShaped(bytes: Uint8Array, function_: string, shape: (object: BpfObject) => void): BpfObject {
  const object = BpfObject.open(bytes, function_);
  try {
    shape(object);
    return object;
  } catch (error) {
    object[Symbol.dispose]();
    throw error;
  }
}

/** libbpf's own text says what the errno of a load only hints at. */
function loadFailed(function_: string, errno: number, text: string): XdpkeepError {
  const call = `load ${function_}`;
  const cause = causeIn(text);
  if (cause === undefined) return callFailed(call, errno);
  const [code] = describeErrno(errno);
  if (code !== 'EPERM') return new KernelError(call, errno, code, cause, explain(text));
  return new PermissionError(`${call}: ${cause} (${code})`, { hint: CAPABILITIES_HINT, log: text.trim() });
}

function explain(log: string): ErrorDetails {
  if (log === '') return {};
  return { hint: 'Change what libbpf names, then build the program again.', log: log.trim() };
}

/** The last line that is about a thing: below it stand only "failed to load object" and attempts without BTF. */
function causeIn(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.replace(/^libbpf: /, '').trim());
  return lines.findLast(
    (line) => line !== '' && !/^failed to load object|Retrying without BTF\.$/.test(line),
  );
}
