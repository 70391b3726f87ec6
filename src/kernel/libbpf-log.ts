// Captures what libbpf prints through its callback, so that it goes into our errors and not to stderr.
import koffi from 'koffi';
import { libbpf, libc, once } from './ffi.js';

const LINE_BYTES = 4096;
const WARN = 0; // enum libbpf_print_level

let sink: string[] | undefined;

/**
 * A va_list parameter is a pointer on x86-64 (an array that decays) and on arm64 (a struct passed by reference), so that it can be
 * passed on to vsnprintf unchanged.
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

/** Runs a libbpf call and returns its result with the warnings that libbpf printed meanwhile. */
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
 * Runs a libbpf call without the callback. libbpf calls it for every relocation: a few thousand calls into JavaScript take longer
 * than loading the program.
 */
export function silenceLibbpf<T>(call: () => T): T {
  libbpf().setPrint(null);
  return call();
}
