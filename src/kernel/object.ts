// Opens and loads BPF object files through libbpf. Opening needs no privilege and changes nothing. Loading creates maps and programs
// that exist as long as the object, or a pin of theirs.
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

/** The verifier's log may be long; pages of the buffer cost memory only once they are written. */
const LOG_BYTES = 16 << 20;

const BPF_PROG_TYPE_XDP = 6; // uapi/linux/bpf.h
const BPF_MAP_TYPE_PROG_ARRAY = 3;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

/** The verifier refused the program; `log` is its own text. */
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
  readonly #bytes: Uint8Array; // libbpf reads it until load: it must not be collected
  readonly #log: unknown;
  readonly #function: string;
  #closed = false;

  private constructor(object: unknown, bytes: Uint8Array, log: unknown, function_: string) {
    this.#object = object;
    this.#bytes = bytes;
    this.#log = log;
    this.#function = function_;
  }

  /**
   * Opens an object for its XDP program `function_`; other programs are loaded only when it may reach them by a tail call. Throws a
   * ProgramError.
   */
  static open(bytes: Uint8Array, function_: string): BpfObject {
    const log: unknown = koffi.alloc('char', LOG_BYTES);
    // Maps of sections are named after the object; without a name libbpf would use the address of the bytes.
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
    // libbpf would pin maps with LIBBPF_PIN_BY_NAME at load: outside our directory, and in a dry run too.
    for (const map of object.#maps()) libbpf().mapSetPinPath(map, null);
    return object;
  }

  /** The maps, in the order of the object. */
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

  /** Marks the program as one that accepts frames in several buffers, as section `xdp.frags` does. Before load only. */
  takeFrags(): void {
    const program = this.#program();
    const flags = libbpf().programFlags(program) | BPF_F_XDP_HAS_FRAGS;
    const result = libbpf().programSetFlags(program, flags);
    if (result < 0) throw callFailed('mark a program as one for frames in several buffers', -result);
  }

  /** Is the program in section `xdp.frags`? libbpf sets the flag for it, but only at load. */
  takesFrags(): boolean {
    return /^\??xdp\.frags$/.test(libbpf().programSection(this.#program()));
  }

  /** Like `load`, but false on failure, without the reason. An object can be loaded once: open another one to learn it. */
  tryLoad(): boolean {
    return silenceLibbpf(() => libbpf().objectLoad(this.#object)) >= 0;
  }

  /** Creates the maps and loads the program. Throws a VerifierError, a KernelError or a PermissionError. */
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

  /** libbpf's handle of a map, for the modules of kernel/ that configure maps before load. */
  mapHandle(name: string): unknown {
    return this.#map(name);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    libbpf().objectClose(this.#object);
    koffi.free(this.#log);
  }

  /** Chooses the programs to load. libbpf does not tell which ones it puts into a program array, so all XDP programs may be needed. */
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

/**
 * Opens an object, configures it with `shape` and loads it; the caller disposes of it. A failed load is repeated with libbpf's messages
 * captured, since capturing them is slow (see silenceLibbpf). Throws a VerifierError, a ProgramError, a KernelError or a PermissionError.
 */
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

/** The error of a failed load. The text of libbpf is more precise than the errno. */
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

/** The last line that names a cause. After it come only "failed to load object" and retries without BTF. */
function causeIn(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.replace(/^libbpf: /, '').trim());
  return lines.findLast(
    (line) => line !== '' && !/^failed to load object|Retrying without BTF\.$/.test(line),
  );
}
