// Foreign functions of libbpf.so.1 and libc, loaded on first use through koffi, each declared once. The rest of the program sees
// numbers, buffers and KernelErrors.
// Sources of the declarations: bpf/libbpf.h, bpf/bpf.h (libbpf 1.1), sys/file.h, sys/mount.h, net/if.h.
import { getSystemErrorMap } from 'node:util';
import koffi, { type LibraryHandle } from 'koffi';
import { EnvironmentError, KernelError, PermissionError } from '../model/errors.js';

export type Call<R = number> = (...args: unknown[]) => R;

function library(name: string, hint: string): LibraryHandle {
  try {
    return koffi.load(name);
  } catch (cause) {
    throw new EnvironmentError(`cannot load ${name}`, { hint, cause });
  }
}

/** A function that makes its value on the first call and returns the same one afterwards. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export const openLibc = once(() => library('libc.so.6', 'xdpkeep runs on Linux with the GNU C library.'));
export const openLibbpf = once(() => library('libbpf.so.1', 'Install libbpf 1.x: apt-get install libbpf1.'));

/** Option structs of libbpf begin with their own size (`sz`); fields that are not set stay zero. */
function declareStructs(): void {
  koffi.struct('xk_open_opts', {
    sz: 'size_t',
    object_name: 'const char *',
    relaxed_maps: 'bool',
    pin_root_path: 'const char *',
    unused: 'uint32_t',
    kconfig: 'const char *',
    btf_custom_path: 'const char *',
    kernel_log_buf: 'void *',
    kernel_log_size: 'size_t',
    kernel_log_level: 'uint32_t',
    end: 'uint32_t',
  });
  koffi.struct('xk_link_create_opts', { sz: 'size_t', flags: 'uint32_t', pad: koffi.array('uint8_t', 60) });
  koffi.struct('xk_link_update_opts', { sz: 'size_t', flags: 'uint32_t', old_prog_fd: 'uint32_t' });
  koffi.struct('xk_xdp_attach_opts', { sz: 'size_t', old_prog_fd: 'int', end: 'uint32_t' });
  koffi.struct('xk_test_run_opts', {
    sz: 'size_t',
    data_in: 'const void *',
    data_out: 'void *',
    data_size_in: 'uint32_t',
    data_size_out: 'uint32_t',
    ctx_in: 'const void *',
    ctx_out: 'void *',
    ctx_size_in: 'uint32_t',
    ctx_size_out: 'uint32_t',
    retval: 'uint32_t',
    repeat: 'int',
    duration: 'uint32_t',
    flags: 'uint32_t',
    cpu: 'uint32_t',
    batch_size: 'uint32_t',
  });
}

/** libc of the running process. */
export const libc = once(() => {
  const lib = openLibc();
  koffi.struct('xk_ethtool_request', {
    name: koffi.array('char', 16),
    data: 'void *',
    pad: koffi.array('uint8_t', 16),
  });
  koffi.struct('xk_if_entry', { if_index: 'uint32_t', if_name: 'const char *' });
  return {
    flock: lib.func('int flock(int fd, int operation)') as Call,
    mount: lib.func(
      'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
    ) as Call,
    renameat2: lib.func(
      'int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)',
    ) as Call,
    ifNameIndex: lib.func('void *if_nameindex()') as Call<unknown>,
    ifFreeNameIndex: lib.func('void if_freenameindex(void *entries)') as Call<undefined>,
    socket: lib.func('int socket(int domain, int type, int protocol)') as Call,
    send: lib.func('long send(int fd, const void *bytes, size_t size, int flags)') as Call,
    recv: lib.func('long recv(int fd, _Out_ void *bytes, size_t size, int flags)') as Call,
    sendto: lib.func(
      'long sendto(int fd, const void *bytes, size_t size, int flags, const void *address, uint32_t length)',
    ) as Call,
    bind: lib.func('int bind(int fd, const void *address, uint32_t length)') as Call,
    getsockname: lib.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *length)') as Call,
    ioctl: lib.func('int ioctl(int fd, unsigned long request, _Inout_ void *argument)') as Call,
    ethtool: lib.func('ioctl', 'int', ['int', 'unsigned long', koffi.pointer('xk_ethtool_request')]) as Call,
    vsnprintf: lib.func(
      'int vsnprintf(_Out_ void *text, size_t size, const char *format, void *arguments)',
    ) as Call,
  };
});

/** libbpf 1.x. Functions that return an int return a negative errno; those that return a pointer set errno. */
export const libbpf = once(() => {
  const lib = openLibbpf();
  declareStructs();
  const printer = koffi.proto('int xk_print(int level, const char *format, void *arguments)');
  return {
    setPrint: lib.func('libbpf_set_print', 'void *', [koffi.pointer(printer)]) as Call<unknown>,
    printer,
    objectOpenMem: lib.func(
      'void *bpf_object__open_mem(const void *bytes, size_t size, const xk_open_opts *opts)',
    ) as Call<unknown>,
    objectLoad: lib.func('int bpf_object__load(void *object)') as Call,
    objectClose: lib.func('void bpf_object__close(void *object)') as Call<undefined>,
    objectNextProgram: lib.func(
      'void *bpf_object__next_program(const void *object, void *program)',
    ) as Call<unknown>,
    objectNextMap: lib.func(
      'void *bpf_object__next_map(const void *object, const void *map)',
    ) as Call<unknown>,
    programName: lib.func('const char *bpf_program__name(const void *program)') as Call<string>,
    programFd: lib.func('int bpf_program__fd(const void *program)') as Call,
    programType: lib.func('int bpf_program__type(const void *program)') as Call,
    programSection: lib.func('const char *bpf_program__section_name(const void *program)') as Call<string>,
    programFlags: lib.func('uint32_t bpf_program__flags(const void *program)') as Call,
    programSetFlags: lib.func('int bpf_program__set_flags(void *program, uint32_t flags)') as Call,
    programSetAutoload: lib.func('int bpf_program__set_autoload(void *program, bool autoload)') as Call,
    mapName: lib.func('const char *bpf_map__name(const void *map)') as Call<string>,
    mapFd: lib.func('int bpf_map__fd(const void *map)') as Call,
    mapType: lib.func('int bpf_map__type(const void *map)') as Call,
    mapKeySize: lib.func('uint32_t bpf_map__key_size(const void *map)') as Call,
    mapValueSize: lib.func('uint32_t bpf_map__value_size(const void *map)') as Call,
    mapMaxEntries: lib.func('uint32_t bpf_map__max_entries(const void *map)') as Call,
    mapFlags: lib.func('uint32_t bpf_map__map_flags(const void *map)') as Call,
    mapSetPinPath: lib.func('int bpf_map__set_pin_path(void *map, const char *path)') as Call,
    mapIsInternal: lib.func('bool bpf_map__is_internal(const void *map)') as Call<boolean>,
    mapAutocreate: lib.func('bool bpf_map__autocreate(const void *map)') as Call<boolean>,
    mapReuseFd: lib.func('int bpf_map__reuse_fd(void *map, int fd)') as Call,
    progLoad: lib.func(
      'int bpf_prog_load(int type, const char *name, const char *license, const void *insns, size_t count, const void *opts)',
    ) as Call,
    linkCreate: lib.func(
      'int bpf_link_create(int prog_fd, int target_fd, int attach_type, const xk_link_create_opts *opts)',
    ) as Call,
    linkUpdate: lib.func(
      'int bpf_link_update(int link_fd, int prog_fd, const xk_link_update_opts *opts)',
    ) as Call,
    linkDetach: lib.func('int bpf_link_detach(int link_fd)') as Call,
    xdpAttach: lib.func(
      'int bpf_xdp_attach(int ifindex, int prog_fd, uint32_t flags, const xk_xdp_attach_opts *opts)',
    ) as Call,
    xdpDetach: lib.func(
      'int bpf_xdp_detach(int ifindex, uint32_t flags, const xk_xdp_attach_opts *opts)',
    ) as Call,
    xdpQueryId: lib.func('int bpf_xdp_query_id(int ifindex, int flags, _Out_ uint32_t *id)') as Call,
    objPin: lib.func('int bpf_obj_pin(int fd, const char *path)') as Call,
    objGet: lib.func('int bpf_obj_get(const char *path)') as Call,
    objInfo: lib.func('int bpf_obj_get_info_by_fd(int fd, _Out_ void *info, _Inout_ uint32_t *size)') as Call,
    programFdById: lib.func('int bpf_prog_get_fd_by_id(uint32_t id)') as Call,
    mapFdById: lib.func('int bpf_map_get_fd_by_id(uint32_t id)') as Call,
    linkFdById: lib.func('int bpf_link_get_fd_by_id(uint32_t id)') as Call,
    testRun: lib.func('int bpf_prog_test_run_opts(int prog_fd, _Inout_ xk_test_run_opts *opts)') as Call,
  };
});

/** Version of the loaded libbpf: `v1.1`. */
export function libbpfVersion(): string {
  return (openLibbpf().func('const char *libbpf_version_string(void)') as Call<string>)();
}

/** ENOTSUPP comes from drivers and has no number in errno.h (include/linux/errno.h of the kernel). */
const ENOTSUPP = 524;

/** Name and text of a positive errno: 16 -> `['EBUSY', 'resource busy or locked']`. */
export function describeErrno(errno: number): [code: string, text: string] {
  if (errno === ENOTSUPP) return ['ENOTSUPP', 'operation not supported by the driver'];
  return getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
}

/** The errno of the call before, for functions that return -1 or NULL. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Makes the error of a failed call. `errno` is positive; EPERM and EACCES become PermissionErrors. */
export function callFailed(call: string, errno: number, hint?: string): KernelError | PermissionError {
  const [code, text] = describeErrno(errno);
  if (code === 'EPERM' || code === 'EACCES') {
    return new PermissionError(`${call}: ${text} (${code})`, { hint: hint ?? CAPABILITIES_HINT });
  }
  return new KernelError(call, errno, code, text, { hint });
}

export const CAPABILITIES_HINT = 'Run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN.';

/** Returns `result` when it is 0 or more. Throws a KernelError or a PermissionError when it is a negative errno. */
export function checked(call: string, result: number, hint?: string): number {
  if (result < 0) throw callFailed(call, -result, hint);
  return result;
}
