// Foreign functions for maps: configuring them before the load, reading and writing their entries after it. Sources: bpf/libbpf.h,
// bpf/bpf.h (libbpf 1.1), sys/mman.h, time.h.
import { type Call, once, openLibbpf, openLibc } from './ffi.js';

export const mapCalls = once(() => {
  const bpf = openLibbpf();
  const c = openLibc();
  return {
    create: bpf.func(
      'int bpf_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries, const void *opts)',
    ) as Call,
    setMaxEntries: bpf.func('int bpf_map__set_max_entries(void *map, uint32_t entries)') as Call,
    setAutocreate: bpf.func('int bpf_map__set_autocreate(void *map, bool autocreate)') as Call,
    lookup: bpf.func('int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)') as Call,
    update: bpf.func(
      'int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)',
    ) as Call,
    delete: bpf.func('int bpf_map_delete_elem(int fd, const void *key)') as Call,
    nextKey: bpf.func('int bpf_map_get_next_key(int fd, const void *key, _Out_ void *next)') as Call,
    lookupBatch: bpf.func(
      'int bpf_map_lookup_batch(int fd, const void *from, void *next, void *keys, void *values, void *count, const void *opts)',
    ) as Call,
    freeze: bpf.func('int bpf_map_freeze(int fd)') as Call,
    mmap: c.func(
      'void *mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset)',
    ) as Call<unknown>,
    munmap: c.func('int munmap(void *at, size_t bytes)') as Call,
    clockGettime: c.func('int clock_gettime(int clock, _Out_ void *time)') as Call,
  };
});
