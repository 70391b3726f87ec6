// Short TCP connections between namespaces: real sockets on both ends.
// needs: lab
import { must, within } from '../lab/exec.js';

/** Says a word and ends: prints what comes back, the code of an error, or `silence`. */
export const TALK = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
const end = (text) => { console.log(text); process.exit(0); };
socket.on('connect', () => socket.end('hello'));
socket.on('data', (answer) => end(String(answer)));
socket.on('error', ({ code }) => end(code));
setTimeout(() => end('silence'), 3000);
`;
/** A service that says everything back. */
export const ECHO = `
require('node:net').createServer((socket) => socket.pipe(socket)).listen(Number(process.argv[2]), process.argv[1], () => console.log('ready'));
`;

/** `hello` where there is an answer. */
export async function talkFrom(namespace: string, address: string, port: number): Promise<string> {
  return (await must(...within(namespace, [process.execPath, '-e', TALK, address, String(port)]))).trim();
}
