// A tiny TCP service and a client that keeps one connection open: what must go on while ICMP is dropped.
//   node scripts/tcp.mjs serve ADDRESS PORT         echoes lines; prints "listening" when it does
//   node scripts/tcp.mjs talk ADDRESS PORT          one connection: each line of stdin is sent, the echo is printed
import { createConnection, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [role, address, port] = process.argv.slice(2);
if (role === 'serve') {
  createServer((socket) => socket.pipe(socket)).listen(Number(port), address, () => console.log('listening'));
} else if (role === 'talk') {
  const socket = createConnection(Number(port), address, () => console.log('connected'));
  createInterface({ input: socket }).on('line', (line) => console.log(`echo: ${line}`));
  createInterface({ input: process.stdin })
    .on('line', (line) => socket.write(`${line}\n`))
    .on('close', () => socket.end());
} else {
  console.error('usage: node scripts/tcp.mjs serve|talk ADDRESS PORT');
  process.exitCode = 64;
}
