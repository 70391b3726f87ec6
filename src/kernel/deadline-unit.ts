// The protocol of xdpkeep-deadline@.service, which systemd starts for each connection to a socket and which waits for a deadline. A
// pass that runs in a unit needs no D-Bus then, over which it could start anything as root: the only request here is to undo a change
// at its deadline. Both ends compare their network namespace and files, since a deadline that acts elsewhere is useless.
import { once } from 'node:events';
import { readlinkSync, statSync, writeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { z } from 'zod';
import { UsageError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';

/** ListenStream= of xdpkeep-deadline.socket. */
export const DEADLINE_SOCKET = '/run/xdpkeep-deadline/socket';

/** Milliseconds that each end waits for a line of the other one. Starting Node on a busy machine takes a while. */
const PATIENCE = 15_000;
const MOST_BYTES = 16_384;

const Request = z.strictObject({
  id: z.string().regex(/^[0-9a-f]+$/),
  /** CLOCK_MONOTONIC, milliseconds. */
  at: z.number(),
  bpffs: z.string(),
  dataDir: z.string(),
  /** `whereabouts()` of the client. */
  where: z.string(),
});

export interface DeadlineRequest extends HostPaths {
  id: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  at: number;
}

/** Asks the unit to wait. Returns the process id that waits from now on, or the reason why none does. */
export async function askDeadlineUnit(
  { id, at, bpffs, dataDir }: DeadlineRequest,
  path: string,
): Promise<number | string> {
  const request = { id, at, bpffs, dataDir, where: whereabouts({ bpffs, dataDir }) };
  try {
    const socket = connect(path);
    socket.write(`${JSON.stringify(request)}\n`);
    const said = await readLine(socket);
    const pid = /^armed (\d+)$/.exec(said)?.[1];
    return pid === undefined ? `xdpkeep-deadline@.service: ${said || 'it ended'}` : Number(pid);
  } catch (error) {
    return `${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Reads the request in the unit; `answer` sends a line back. Throws a UsageError for a request that is not ours. */
export async function readDeadlineRequest(
  fd = 0,
): Promise<DeadlineRequest & { answer: (text: string) => void }> {
  const answer = (text: string) => {
    writeSync(fd, `${text}\n`);
  };
  const socket = new Socket({ fd });
  const { where, ...request } = parse(await readLine(socket), answer);
  const own = whereabouts(request);
  if (own !== where)
    throw refusal('it is in another network namespace, or sees other files, than the client', answer);
  return { ...request, answer };
}

function parse(line: string, answer: (text: string) => void): z.infer<typeof Request> {
  try {
    return Request.parse(JSON.parse(line));
  } catch {
    throw refusal('the request is not a deadline', answer);
  }
}

function refusal(reason: string, answer: (text: string) => void): UsageError {
  answer(reason);
  return new UsageError(`the deadline is refused: ${reason}`, {
    hint: 'xdpkeep-deadline@.service answers only passes of xdpkeep: do not start it by hand.',
  });
}

/** Identifies the network namespace and the files at these paths: equal text means that two processes see the same ones. */
function whereabouts({ bpffs, dataDir }: HostPaths): string {
  const files = [bpffs, dataDir].map((path) => {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  });
  return [readlinkSync('/proc/self/ns/net'), ...files].join(' ');
}

/** The first line, or what was sent before the other end closed. Throws when nothing comes in time, or too much. */
async function readLine(socket: Socket): Promise<string> {
  let text = '';
  socket.setTimeout(PATIENCE, () => {
    socket.destroy(new Error(`no answer within ${PATIENCE / 1000} s`));
  });
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (text.length > MOST_BYTES) socket.destroy(new Error('too long'));
    else if (text.includes('\n')) socket.pause().emit('line');
  });
  await Promise.race([once(socket, 'line'), once(socket, 'end')]);
  socket.setTimeout(0);
  return text.split('\n', 1)[0] ?? '';
}
