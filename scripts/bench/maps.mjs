// Maps filled in batches, as a loader that cares would do it.
import koffi from 'koffi';

const LPM_TRIE = 11; // uapi/linux/bpf.h
const NO_PREALLOC = 1;
const BATCH = 100_000;

const libbpf = koffi.load('libbpf.so.1');
const update = libbpf.func(
  'int bpf_map_update_batch(int fd, const void *keys, const void *values, _Inout_ uint32_t *count, const void *opts)',
);
const remove = libbpf.func(
  'int bpf_map_delete_batch(int fd, const void *keys, _Inout_ uint32_t *count, const void *opts)',
);

/** `keys` and `values` have `count` entries each. */
export function writeAll(fd, keys, values, count) {
  const [keyBytes, valueBytes] = [keys.length / count, values.length / count];
  for (let at = 0; at < count; at += BATCH) {
    const some = Math.min(BATCH, count - at);
    const part = (bytes, size) => bytes.subarray(at * size, (at + some) * size);
    const result = update(fd, part(keys, keyBytes), part(values, valueBytes), [some], null);
    if (result < 0) throw new Error(`bpf_map_update_batch: errno ${-result}`);
  }
}

export function removeAll(fd, keys, count) {
  const result = remove(fd, keys, [count], null);
  if (result < 0) throw new Error(`bpf_map_delete_batch: errno ${-result}`);
}

/** Keys 0, 1, 2, ... */
export function writeArray(fd, values, count) {
  const keys = Uint32Array.from({ length: count }, (_, at) => at);
  writeAll(fd, new Uint8Array(keys.buffer), values, count);
}

/** An empty LPM trie for addresses of `bytes` bytes, with 4-byte values. */
export function createTrie(core, bytes, entries) {
  const opts = Buffer.alloc(48); // struct bpf_map_create_opts
  opts.writeBigUInt64LE(48n);
  opts.writeUInt32LE(NO_PREALLOC, 28);
  const fd = core.mapCalls().create(LPM_TRIE, 'bench_trie', 4 + bytes, 4, entries, opts);
  if (fd < 0) throw new Error(`create an LPM trie: errno ${-fd}`);
  return new core.Fd(fd);
}

/** struct bpf_lpm_trie_key of these entries of a list, one after the other. */
export function trieKeys(list, indexes, bytes) {
  const keys = new DataView(new ArrayBuffer(indexes.length * (4 + bytes)));
  indexes.forEach((index, at) => {
    const { words, length } = list.entry(index);
    const start = at * (4 + bytes);
    keys.setUint32(start, length, true);
    for (let place = 0; place * 4 < bytes; place++) keys.setUint32(start + 4 + place * 4, words[place]);
  });
  return new Uint8Array(keys.buffer);
}
