// Questions and answers in datagrams, between a lab and the world outside: real sockets on both ends.
// needs: lab
import type { Lab } from '../lab.js';
import { listening, must, within } from '../lab/exec.js';

/** Sends a datagram from inside, and gives the answer or the error that comes back. */
export const ASK = `
const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
const end = (text) => { console.log(text); process.exit(0); };
socket.on('message', (answer) => end(String(answer)));
socket.on('error', ({ code }) => end(code));
socket.connect(Number(port), address, () => socket.send('question'));
setTimeout(() => end('silence'), 3000);
`;
/** Answers each datagram with one of \`bytes\`. */
export const ANSWER = `
const [address, port, bytes] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (_question, from) => socket.send('a'.repeat(Number(bytes)), from.port, from.address));
socket.bind(Number(port), address, () => console.log('ready'));
`;
/** Runs a service in a namespace until it is let go. */
export async function serveIn(
  namespace: string,
  code: string,
  ...args: (string | number)[]
): Promise<AsyncDisposable> {
  const [file, rest] = within(namespace, [process.execPath, '-e', code, ...args.map(String)]);
  const running = listening(file, rest);
  await new Promise((resolve) => running.stdout.once('data', resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      running.kill('SIGKILL');
      await Promise.allSettled([running]);
    },
  };
}

/** The same in the world outside. */
export function serve(lab: Lab, code: string, ...args: (string | number)[]): Promise<AsyncDisposable> {
  return serveIn(lab.network.outside, code, ...args);
}

/** What comes back to a question: the answer, the code of an error, or `silence`. */
export async function askFrom(namespace: string, address: string, port: number): Promise<string> {
  const command = [process.execPath, '-e', ASK, address, String(port)];
  return (await must(...within(namespace, command))).trim();
}

/** The same, asked from inside. */
export function askFor(lab: Lab, address: string, port: number): Promise<string> {
  return askFrom(lab.network.firewall, address, port);
}
