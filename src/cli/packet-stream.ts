// What `events` and `capture` share: packets as they come, to stdout as lines or NDJSON, to a file as pcapng, until there are
// enough of them, the time is over, somebody ends it, or nobody reads any more.
import { closeSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { openNewFile } from '../disk/durable.js';
import type { Caught } from '../inspect/events.js';
import { EnvironmentError, EXIT, UsageError } from '../model/errors.js';
import type { SeenPacket } from '../model/sample.js';
import { describeFrame, readHeaders } from '../policy/packet/headers.js';
import { packetRecord, renderEvent } from '../report/events.js';
import { PcapngWriter } from '../report/pcapng.js';
import { grouped, json, painter, printable } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';
import { pause, untilEnded } from './screen.js';

/** Milliseconds between two looks. */
const PACE = 50;

export interface StreamOptions extends CommonOptions {
  /** A pcapng file, or `-` for stdout. */
  write?: string;
  /** Packets after which it ends. */
  count?: number;
  /** Milliseconds after which it ends. */
  for?: number;
}

export interface PacketSource {
  /** Packets since the last time; and of how many it is known that they were lost, where. */
  take: () => Caught;
  /** `kind` of its records. */
  kind: 'Event' | 'Packet';
  /** Most bytes of a frame that it gives. */
  snapLength: number;
  /** For stderr, when it begins: `listening on veth0`. */
  greeting: string;
}

/** `version` is that of the program, for the file. */
export async function streamPackets(
  source: PacketSource,
  options: StreamOptions,
  version: string,
): Promise<CommandResult> {
  using ending = untilEnded();
  const end = performance.now() + (options.for ?? Infinity);
  const most = options.count ?? Infinity;
  const sink = new Sink(options, source, version);
  let [seen, lost] = [0, 0];
  try {
    process.stderr.write(`${printable(source.greeting)}\n`);
    for (;;) {
      const isLast = ending.signal.aborted || performance.now() >= end;
      const caught = source.take();
      const wanted = caught.packets.slice(0, most - seen);
      seen += wanted.length;
      for (const packet of wanted) sink.packet(packet);
      for (const one of caught.lost) {
        lost += one.samples;
        sink.lost(one);
      }
      await sink.flush(ending.signal);
      if (isLast || seen >= most) break;
      await pause(Math.min(PACE, Math.max(0, end - performance.now())), ending);
    }
  } finally {
    sink.close();
  }
  return { exitCode: EXIT.ok, out: '', err: `${grouped(seen)} packets, ${grouped(lost)} samples lost\n` };
}

/** Where packets go. Nothing piles up: while the reader of stdout is slow, nothing is taken from the source. */
class Sink {
  readonly #paint;
  readonly #pcapng: PcapngWriter | undefined;
  readonly #file: number | undefined;
  #text: (string | Uint8Array)[] = [];

  constructor(
    private readonly options: StreamOptions,
    private readonly source: PacketSource,
    version: string,
  ) {
    this.#paint = painter(options.color);
    if (this.#isJson) this.#text.push(json({ apiVersion: 'xdpkeep/v1', kind: 'Stream' }, 0));
    if (options.write === undefined) return;
    this.#pcapng = new PcapngWriter(source.snapLength);
    if (options.write !== '-') this.#file = create(options.write);
    this.#write(this.#pcapng.header(`xdpkeep ${version}`));
  }

  packet(packet: SeenPacket): void {
    if (this.#pcapng) this.#write(this.#pcapng.packet(packet));
    if (this.options.write === '-') return;
    const text = describeFrame(packet.frame, packet.length);
    this.#text.push(
      this.#isJson
        ? json(packetRecord(this.source.kind, packet, text, readHeaders(packet.frame, packet.length)), 0)
        : renderEvent(packet, text, this.#paint),
    );
  }

  lost({ interface: name, samples }: { interface: string; samples: number }): void {
    if (this.#isJson) this.#text.push(json({ kind: 'Lost', interface: name, samples }, 0));
    else process.stderr.write(`${printable(name)}: ${grouped(samples)} samples lost, the buffer was full\n`);
  }

  /** Resolves when stdout takes more, or when nobody waits for it any longer. */
  async flush(stop: AbortSignal): Promise<void> {
    const pieces = this.#text.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    this.#text = [];
    if (pieces.length === 0 || process.stdout.write(Buffer.concat(pieces)) || stop.aborted) return;
    await once(process.stdout, 'drain', { signal: stop }).catch(() => undefined);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  get #isJson(): boolean {
    return this.options.output === 'json' && this.options.write !== '-';
  }

  #write(bytes: Uint8Array): void {
    if (this.#file === undefined) {
      this.#text.push(bytes);
      return;
    }
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    } catch (cause) {
      throw new EnvironmentError(`cannot write ${this.options.write ?? ''}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}

/** For its owner alone: packets are nobody else's business. */
function create(path: string): number {
  try {
    return openNewFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new UsageError(`${path} is there already`, {
        hint: 'Name a new file, or remove that one.',
        cause,
      });
    throw new UsageError(`cannot make ${path}: ${message}`, { cause });
  }
}
