// libbpf explains itself through a print callback. Captured here, so that nothing of it reaches stderr unasked
// and the explanation can go into the error.
import koffi from 'koffi';
import { libbpf, libc, once } from './ffi.js';

const LINE_BYTES = 4096;
const WARN = 0; // enum libbpf_print_level

let sink: string[] | undefined;

/**
 * A va_list parameter is a pointer on x86-64 and arm64 alike (an array that decays, a struct passed by reference),
 * so vsnprintf can be given it as it came.
 */
const printer = once(() => {
  const print = (level: number, format: string, arguments_: unknown): number => {
    if (sink && level === WARN) {
      const text = Buffer.alloc(LINE_BYTES);
      const length = libc().vsnprintf(text, LINE_BYTES, format, arguments_);
      sink.push(text.toString('utf8', 0, Math.min(length, LINE_BYTES - 1)));
    }
    return 0;
  };
  return koffi.register(print, koffi.pointer(libbpf().printer));
});

/** Runs a libbpf call and returns its result with what libbpf warned of during it. */
export function captureLibbpf<T>(call: () => T): { result: T; text: string } {
  const lines: string[] = [];
  sink = lines;
  libbpf().setPrint(printer());
  try {
    return { result: call(), text: lines.join('') };
  } finally {
    sink = undefined;
    libbpf().setPrint(null);
  }
}

/**
 * Runs a libbpf call that nobody listens to. libbpf tells of every relocation, whatever becomes of what it says: to be
 * called back a few thousand times takes longer than to load the program.
 */
export function silenceLibbpf<T>(call: () => T): T {
  libbpf().setPrint(null);
  return call();
}
