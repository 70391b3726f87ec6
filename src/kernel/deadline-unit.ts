// A unit of ours that waits for a deadline: xdpkeep-deadline@.service, which systemd starts for whoever connects to a socket.
// So a pass in a unit needs no bus, over which it could start anything as root: all that can be asked for here is to undo a change
// at its deadline. The two sides tell each other in what network and files they are: a deadline that looks elsewhere is none.
import { once } from 'node:events';
import { readlinkSync, statSync, writeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { z } from 'zod';
import { UsageError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';

/** ListenStream= of xdpkeep-deadline.socket. */
export const DEADLINE_SOCKET = '/run/xdpkeep-deadline/socket';

/** How long each side waits for a word of the other one; starting Node on a busy machine takes a while. Milliseconds. */
const PATIENCE = 15_000;
const MOST_BYTES = 16_384;

const Request = z.strictObject({
  id: z.string().regex(/^[0-9a-f]+$/),
  /** CLOCK_MONOTONIC, milliseconds. */
  at: z.number(),
  bpffs: z.string(),
  dataDir: z.string(),
  /** What `whereabouts()` says on the other side. */
  where: z.string(),
});

export interface DeadlineRequest extends HostPaths {
  id: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  at: number;
}

/** Process id of who waits from now on, or why nobody does. */
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

/** The other side, in the unit: `answer` tells that it waits. Throws a UsageError for what is no request of ours. */
export async function readDeadlineRequest(
  fd = 0,
): Promise<DeadlineRequest & { answer: (text: string) => void }> {
  const answer = (text: string) => {
    writeSync(fd, `${text}\n`);
  };
  const socket = new Socket({ fd });
  const { where, ...request } = parse(await readLine(socket), answer);
  const own = whereabouts(request);
  if (own !== where) throw refusal('it is in another network or has other files than who asks', answer);
  return { ...request, answer };
}

function parse(line: string, answer: (text: string) => void): z.infer<typeof Request> {
  try {
    return Request.parse(JSON.parse(line));
  } catch {
    throw refusal('what it was asked is no deadline', answer);
  }
}

function refusal(reason: string, answer: (text: string) => void): UsageError {
  answer(reason);
  return new UsageError(`no deadline is waited for: ${reason}`, {
    hint: 'xdpkeep-deadline@.service answers passes of xdpkeep alone: it is not started by hand.',
  });
}

/** The same text for two processes that see the same interfaces, and the same files under these paths. */
function whereabouts({ bpffs, dataDir }: HostPaths): string {
  const files = [bpffs, dataDir].map((path) => {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  });
  return [readlinkSync('/proc/self/ns/net'), ...files].join(' ');
}

/** The first line; what there is of it when the other side ends. Throws when nothing comes, or too much. */
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
