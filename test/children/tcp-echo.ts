// A TCP service that answers each line with itself, until its input ends: tcp-echo ADDRESS PORT
import { createServer } from 'node:net';

const [address, port] = process.argv.slice(2);
const sockets = new Set<{ destroy(): void }>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.pipe(socket);
});
server.listen(Number(port), address, () => {
  console.log('listening');
});
process.stdin.resume().on('end', () => {
  for (const socket of sockets) socket.destroy();
  server.close();
});
