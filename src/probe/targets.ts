// One try of one probe. Each function resolves when the probe holds and throws with the reason when it does not; a try
// that is aborted, because its time is over or nobody wants to know any more, throws soon.
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { runConfined } from '../kernel/confined.js';
import { findTool, runTool, type ToolLimits, type ToolResult } from '../kernel/tool.js';
import type { ProbeTarget } from '../model/safeguards.js';

export interface Try {
  /** Milliseconds. */
  timeout: number;
  /** Aborts when nobody wants to know any more, */
  ended: AbortSignal;
  /** or at `timeout`. */
  signal: AbortSignal;
}

export function tryTarget(target: ProbeTarget, limits: Try): Promise<void> {
  switch (target.kind) {
    case 'ping':
      return ping(target.host, limits);
    case 'tcp':
      return connectTo(target.host, target.port, limits);
    case 'http':
      return request(target.url, limits);
    case 'dns':
      return resolveName(target.name, target.server, limits);
    case 'exec':
      return command(target.command, limits);
  }
}

/** Of a tool; more is no answer. */
const OUTPUT = 1 << 16;

/** Debian's own ping: it has the capability for raw sockets, which the unit that runs us may lack. */
async function ping(host: string, limits: Try): Promise<void> {
  const tool = findTool('ping');
  if (tool === undefined) throw new Error('ping is not installed (apt-get install iputils-ping)');
  const seconds = String(Math.max(1, Math.ceil(limits.timeout / 1000)));
  requireSuccess(await runTool(tool, ['-n', '-q', '-c', '1', '-W', seconds, '--', host], toolLimits(limits)));
}

/** No shell, no inherited environment, an empty input, no rights; its whole process group ends with the try. */
async function command(words: string[], limits: Try): Promise<void> {
  requireSuccess(await runConfined('probe', words, toolLimits(limits)));
}

function toolLimits({ timeout, ended }: Try): ToolLimits {
  return { time: timeout, output: OUTPUT, ended };
}

function requireSuccess({ exitCode, stdout, stderr }: ToolResult): void {
  if (exitCode === 0) return;
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
  throw new Error(`exit ${exitCode}${said === '' ? '' : `: ${said}`}`);
}

function connectTo(host: string, port: number, { signal }: Try): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const abort = () => {
      socket.destroy(new Error('no answer'));
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      resolve();
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('closed'));
    });
    if (signal.aborted) abort();
  });
}

async function request(url: string, { signal }: Try): Promise<void> {
  // Loaded by those who ask: every pass comes by this file.
  const { get } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  await new Promise<void>((resolve, reject) => {
    const asked = get(url, { signal, agent: false, headers: { connection: 'close' } }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      if (statusCode >= 200 && statusCode < 400) resolve();
      else reject(new Error(`status ${statusCode}`));
    });
    asked.on('error', (error) => {
      reject(signal.aborted ? new Error('no answer') : error);
    });
  });
}

async function resolveName(
  name: string,
  server: string | undefined,
  { timeout, signal }: Try,
): Promise<void> {
  const resolver = new Resolver({ timeout, tries: 1 });
  if (server !== undefined) resolver.setServers([server.includes(':') ? `[${server}]` : server]);
  const cancel = () => {
    resolver.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await Promise.any([resolver.resolve4(name), resolver.resolve6(name)]);
  } catch (error) {
    const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
    throw first ?? error;
  } finally {
    signal.removeEventListener('abort', cancel);
    resolver.cancel();
  }
}
