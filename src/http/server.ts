// The server of the status page: GET and HEAD of a few paths. It runs in the process that reconciles, so connections, bytes
// and seconds are bounded here.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { lstatSync, unlinkSync } from 'node:fs';
import { EnvironmentError } from '../model/errors.js';
import { type HttpAddress, describeAddress, isLoopback } from './address.js';
import { Connections } from './connections.js';
import { type Routes, TYPES } from './routes.js';

const LIMITS = {
  /** Kept: of one client, and of all. */
  connections: { each: 16, all: 64 },
  /** Of a request line with its headers. Bytes. */
  headers: 8192,
  /** Of a path. Characters. */
  path: 256,
  /** For the headers of a request, and for a reader that takes nothing. Milliseconds. */
  patience: 5000,
  requestsPerConnection: 1000,
} as const;

/** Scripts, styles and data from here alone; no frame, form or plug-in anywhere. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

export interface HttpServer {
  /** Where it listens, for people. */
  readonly where: string;
  /** Ends it, whatever is in flight. */
  close(): Promise<void>;
}

/** Throws an EnvironmentError when it cannot listen there. */
export async function serve(address: HttpAddress, routes: Routes): Promise<HttpServer> {
  // A page of somebody else must not read this one through a name of its own (DNS rebinding).
  const onlyLoopback = 'host' in address && isLoopback(address.host);
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headers,
      headersTimeout: LIMITS.patience,
      requestTimeout: LIMITS.patience,
      keepAliveTimeout: LIMITS.patience,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const { done } = connections.answering(request.socket);
      response.once('close', done);
      void answer(request, response, routes, onlyLoopback);
    },
  );
  const connections = new Connections(LIMITS.connections);
  server.maxRequestsPerSocket = LIMITS.requestsPerConnection;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.setTimeout(LIMITS.patience, () => socket.destroy());
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  if ('path' in address) await removeStale(address.path);
  await listen(server, address);
  return {
    where: describeAddress(address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Routes,
  onlyLoopback: boolean,
): Promise<void> {
  const { method = '', url = '' } = request;
  request.socket.setTimeout(0); // making an answer may take its time; taking it may not
  const refuse = (status: number, why: string, headers: Record<string, string> = {}) => {
    send(request, response, status, { type: TYPES.text, body: `${why}\n` }, headers);
  };
  if (method !== 'GET' && method !== 'HEAD') {
    refuse(405, 'only GET and HEAD', { Allow: 'GET, HEAD' });
    return;
  }
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    refuse(400, 'a request has no body here', { Connection: 'close' });
    return;
  }
  if (onlyLoopback && !isOwnName(request.headers.host)) {
    refuse(421, 'this server answers to names of this machine alone');
    return;
  }
  if (url.length > LIMITS.path) {
    refuse(414, 'the path is too long');
    return;
  }
  const found = routes(url.split('?', 1)[0] ?? '');
  if (!found) {
    refuse(404, 'there is no such page');
    return;
  }
  try {
    send(request, response, 200, await found());
  } catch (error) {
    refuse(503, error instanceof Error ? error.message : String(error));
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { type, body }: { type: string; body: string | Uint8Array },
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(body);
  request.socket.setTimeout(LIMITS.patience);
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    'Content-Type': type,
    'Content-Length': bytes.length,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** The `Host` of a request, its port left out. */
function isOwnName(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name !== undefined && isLoopback(name);
}

/** What an earlier process left that was killed. One that is answered stays, and listening fails, as on a port. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
  if (!isAnswered) unlinkSync(path);
}

function listen(server: Server, address: HttpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const message = `cannot listen on ${describeAddress(address)} (${cause.code ?? cause.message})`;
      reject(new EnvironmentError(message, { hint: listenHint(cause), cause }));
    };
    server.once('error', failed);
    // The mode of a socket comes with its name: to change it by that name later may be to change another file's.
    const umask = 'path' in address ? process.umask(0o117) : undefined;
    server.listen(address, () => {
      // From now on it is about one connection that cannot be taken (no memory, no descriptor): the next one may be.
      server.off('error', failed).on('error', () => undefined);
      resolve();
    });
    if (umask !== undefined) process.umask(umask);
  });
}

function listenHint({ code }: NodeJS.ErrnoException): string {
  if (code !== 'EAFNOSUPPORT') return 'Free the address, or name another one with --http.';
  return 'Its unit has no network: name a socket (unix:PATH), or let it, in a drop-in: RestrictAddressFamilies=AF_INET AF_INET6 and IPAddressAllow=localhost.';
}
