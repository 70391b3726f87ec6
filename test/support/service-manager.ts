// A service manager that listens: a datagram socket as NOTIFY_SOCKET, in a process of its own.
// needs: lab
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { listening } from '../lab/exec.js';

export interface ServiceManager extends AsyncDisposable {
  /** So far; grows. */
  readonly messages: string[];
}

/** `socket`: a path, or an abstract name behind `@`. */
export async function listenAt(socket: string): Promise<ServiceManager> {
  const child = listening(process.execPath, [join(inject('children'), 'notify-socket.mjs'), socket], {});
  const lines = createInterface({ input: child.stdout });
  const messages: string[] = [];
  await new Promise<void>((resolve, reject) => {
    lines.once('line', () => {
      lines.on('line', (line) => messages.push(JSON.parse(line) as string));
      resolve();
    });
    void child.then(({ stderr }) => {
      reject(new Error(stderr));
    });
  });
  return {
    messages,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await child;
    },
  };
}
