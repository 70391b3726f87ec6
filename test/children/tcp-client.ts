// Passes lines on over one TCP connection, and what comes back: tcp-client ADDRESS PORT
import { connect } from 'node:net';

const SILENCE = 60_000; // ms
const [address, port] = process.argv.slice(2);
const socket = connect(Number(port), address, () => {
  console.log('connected');
});
let waiting: NodeJS.Timeout | undefined;
process.stdin.on('data', (line) => {
  waiting = setTimeout(() => socket.destroy(new Error(`no answer within ${SILENCE} ms`)), SILENCE);
  socket.write(line);
});
process.stdin.on('end', () => socket.end());
socket.on('data', (answer) => {
  clearTimeout(waiting);
  process.stdout.write(answer);
});
socket.on('close', () => process.stdin.destroy());
