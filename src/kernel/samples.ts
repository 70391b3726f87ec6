// Reads the ring buffer of sampled packets (bpf/events.h) through libbpf. All readers share one consumer position, so that each sample
// is read once. The datapath does not notify readers: they poll. Sources: bpf/libbpf.h (ring_buffer__*), bpf/bpf.h; struct sample and
// struct sampling in bpf/events.h.
import koffi from 'koffi';
import { CONNECTION_STATES } from '../model/policy.js';
import type { Sample } from '../model/sample.js';
import { Fd } from './fd.js';
import { type Call, callFailed, checked, lastErrno, once, openLibbpf } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { perCpuSum } from './counters.js';

/** Names of the maps in bpf/events.h. */
export const SAMPLES = 'samples';
export const SAMPLING = 'sampling';

const BPF_MAP_TYPE_RINGBUF = 27; // uapi/linux/bpf.h
export const RING_BYTES = 1 << 20;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
export const HEAD_BYTES = 32;
export const KEPT_WATCHED = 1;
/** The most bytes of a frame that a sample holds. */
export const SAMPLE_BYTES = 128;
export const SAMPLING_BYTES = 16;
/** The most samples that one call returns, so that a flood does not block a reader. */
const MOST_SAMPLES = 8192;
/** The callback's result that makes libbpf stop before the buffer is empty. */
const STOP = -1;

const ringCalls = once(() => {
  const bpf = openLibbpf();
  const take = koffi.proto('int xk_take_sample(void *context, void *data, size_t size)');
  return {
    take,
    make: bpf.func('ring_buffer__new', 'void *', [
      'int',
      koffi.pointer(take),
      'void *',
      'const void *',
    ]) as Call<unknown>,
    consume: bpf.func('int ring_buffer__consume(void *ring)') as Call,
    free: bpf.func('void ring_buffer__free(void *ring)') as Call<undefined>,
  };
});

export function createRing(): Fd {
  const made = mapCalls().create(BPF_MAP_TYPE_RINGBUF, SAMPLES, 0, 0, RING_BYTES, null);
  return new Fd(checked(`create map ${SAMPLES}`, made));
}

/** Reads one ring buffer. It maps memory: the caller disposes of it. */
export class RingReader implements Disposable {
  readonly #ring: unknown;
  readonly #callback: bigint;
  #taken: Sample[] = [];
  /** Nanoseconds from CLOCK_MONOTONIC to CLOCK_REALTIME. */
  #offset = 0n;

  constructor(map: Fd) {
    const { take, make } = ringCalls();
    this.#callback = koffi.register((_context: unknown, data: unknown, size: bigint | number) => {
      this.#taken.push(decodeSample(Buffer.from(koffi.view(data, Number(size))), this.#offset));
      return this.#taken.length < MOST_SAMPLES ? 0 : STOP;
    }, koffi.pointer(take));
    this.#ring = make(map.number, this.#callback, null, null);
    if (this.#ring === null) {
      const errno = lastErrno();
      koffi.unregister(this.#callback);
      throw callFailed('read the ring buffer', errno);
    }
  }

  /** The samples since the last call, oldest first, at most MOST_SAMPLES. Does not wait. */
  take(): Sample[] {
    this.#offset = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC);
    const result = ringCalls().consume(this.#ring);
    const taken = this.#taken;
    this.#taken = [];
    if (result < 0 && taken.length < MOST_SAMPLES) throw callFailed('read the ring buffer', -result);
    return taken;
  }

  [Symbol.dispose](): void {
    ringCalls().free(this.#ring);
    koffi.unregister(this.#callback);
  }
}

/** struct sample. The frame is copied, since the kernel reuses the memory. */
function decodeSample(bytes: Buffer, offset: bigint): Sample {
  const captured = bytes.readUInt16LE(28);
  const connection = CONNECTION_STATES[bytes.readUInt8(31) - 1];
  return {
    time: bytes.readBigUInt64LE(0) + offset,
    ifindex: bytes.readUInt32LE(8),
    slot: bytes.readUInt32LE(12),
    verdict: bytes.readUInt32LE(16),
    fate: bytes.readUInt32LE(20),
    length: bytes.readUInt32LE(24),
    watched: bytes.readUInt8(30) === KEPT_WATCHED,
    ...(connection && { connection }),
    frame: Uint8Array.prototype.slice.call(bytes, HEAD_BYTES, HEAD_BYTES + captured),
  };
}

function nanoseconds(clock: number): bigint {
  const time = Buffer.alloc(16); // struct timespec
  checked('clock_gettime', mapCalls().clockGettime(clock, time));
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}

/** Number of samples for which the ring buffer had no room since the instance was loaded. `sampling`: its map of that name. */
export function readLost(sampling: Fd): bigint {
  return perCpuSum(sampling.number, SAMPLING, 0, SAMPLING_BYTES)[0] ?? 0n;
}
