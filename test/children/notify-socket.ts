// A service manager's end of NOTIFY_SOCKET: a datagram socket at PATH (`@` for an abstract name) whose messages are said
// one a line, as JSON, until the input ends: notify-socket PATH
import koffi from 'koffi';

type Call = (...args: unknown[]) => number;
const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)') as Call;
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)') as Call;
const recv = libc.func('long recv(int fd, _Out_ void *bytes, size_t size, int flags)') as Call;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

const path = process.argv[2] ?? '';
const address = Buffer.from(`\x01\x00${path.startsWith('@') ? `\x00${path.slice(1)}` : path}`);
const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
if (bind(fd, address, address.length) !== 0) throw new Error(`bind: errno ${koffi.errno()}`);
console.log('listening');
const buffer = Buffer.alloc(4096);
const timer = setInterval(() => {
  for (;;) {
    const size = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
    if (size < 0) return;
    console.log(JSON.stringify(buffer.toString('utf8', 0, size)));
  }
}, 20);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
});
