// A private world for one test: two network namespaces with veth pairs, a bpffs, a state and a data directory.
// Whatever happens, it is taken down at the end; what then remains is residue, and fails the test.
// needs: lab
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { inject } from 'vitest';
import {
  type Background,
  type ExecOptions,
  type Finished,
  background,
  finish,
  must,
  within,
} from './lab/exec.js';
import { type Network, type Pair, enter, makeNetwork, makePair } from './lab/network.js';
import { opens } from './lab/open.js';
import { type Held, collectPinned, DYING, endIn, residueOf } from './lab/residue.js';
import type { PacketDescription } from '../src/model/policy.js';
import {
  type Capture,
  type Conversation,
  type Flood,
  type FloodLimits,
  type Meeting,
  type Pings,
  capture,
  connect,
  converse,
  flood,
  icmpReceived,
  ping,
} from './lab/traffic.js';

const PROGRAM = resolve('dist/xdpkeep.js');
const ICMP_DROP = resolve('dist/bpf/icmp_drop.bpf.o');
let count = 0;

/** `pairs`: how many interfaces (`veth0`, `veth1`, ...) the firewall's side has, or their names; 1 when absent. */
export async function createLab(options: { pairs?: number | string[] } = {}): Promise<Lab> {
  const name = `${inject('run')}-${process.pid}-${count++}`;
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  const lab = new Lab(name, directory);
  lab.closed = opens(`lab ${name}`, () => lab[Symbol.asyncDispose]());
  try {
    mkdirSync(lab.bpffs);
    mkdirSync(lab.state);
    await must('mount', ['-t', 'bpf', 'bpf', lab.bpffs]);
    lab.network = await makeNetwork(name, options.pairs ?? 1);
    return lab;
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** What `bpftool -j net show` prints. */
export interface NetShow {
  xdp: { devname: string; ifindex: number; mode: string; id: number }[];
  tc: { devname: string; ifindex: number; kind: string; name: string; id: number }[];
}

export class Lab implements AsyncDisposable {
  readonly bpffs: string;
  /** The state directory; empty until `writeState`. */
  readonly state: string;
  /** The data directory; xdpkeep makes it. */
  readonly dataDir: string;
  /** What `xdpkeep` is here: the build of this tree, unless a test installs another one. */
  program = PROGRAM;
  network: Network;
  #config: string | undefined;
  readonly #started: Background[] = [];
  /** To be called once it is down. */
  closed: () => void = () => undefined;
  #down: Promise<void> | undefined;
  readonly #held: Held = { programs: new Set(), maps: new Set(), links: new Set() };

  /** `directory` is for temporary files of the test as well. */
  constructor(
    readonly name: string,
    readonly directory: string,
  ) {
    this.bpffs = join(directory, 'bpffs');
    this.state = join(directory, 'state');
    this.dataDir = join(directory, 'data');
    this.network = { firewall: name, outside: `${name}-outside`, pairs: [] };
  }

  /** Writes state files: path below the state directory -> content. */
  writeState(files: Record<string, string>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.state, path)), { recursive: true });
      writeFileSync(join(this.state, path), content);
    }
  }

  /** From now on the config file of this host allows commands of probes. Returns a folder in which they may write. */
  allowCommands(): string {
    const folder = join(this.directory, 'commands');
    this.#config = join(this.directory, 'config.yaml');
    writeFileSync(this.#config, 'probes: {exec: allow}\n');
    mkdirSync(folder, { recursive: true });
    chmodSync(this.directory, 0o755);
    chmodSync(folder, 0o777);
    return folder;
  }

  /** Runs `xdpkeep ARGS` on the firewall's side, as host `lab`, with the directories of this lab. */
  run(args: string[], options: ExecOptions = {}): Promise<Finished> {
    return finish(...this.#xdpkeep(args), this.#options(options));
  }

  /** Like `run`, but leaves it running; it is killed with the lab at the latest. */
  start(args: string[], options: ExecOptions = {}): Background {
    const started = background(...this.#xdpkeep(args), this.#options(options));
    this.#started.push(started);
    return started;
  }

  /** What `env` takes to run `xdpkeep ARGS`, for a shell that is in the namespace already. */
  commandLine(args: string[]): string[] {
    const variables = Object.entries(this.#options({}).env ?? {}).map(([name, value]) => `${name}=${value}`);
    return [...variables, process.execPath, this.program, ...args];
  }

  /** Like `start`, on a terminal of its own, which is all of its stdout; before anything else it says `pid N`. */
  startOnTerminal(args: string[], options: ExecOptions = {}): Background {
    const shell = `echo pid $$; exec ${[process.execPath, this.program, ...args].join(' ')}`;
    const command = within(this.network.firewall, ['script', '-qefc', shell, '/dev/null']);
    const started = background(...command, this.#options(options));
    this.#started.push(started);
    return started;
  }

  /** Runs a tool on the firewall's side and gives its stdout; a failure throws. */
  exec(...command: string[]): Promise<string> {
    return must(...within(this.network.firewall, command));
  }

  /** The same in the world outside. */
  execOutside(...command: string[]): Promise<string> {
    return must(...within(this.network.outside, command));
  }

  /** Runs code of this process on the firewall's side. */
  inside<T>(action: () => T | Promise<T>): Promise<T> {
    return enter(this.network.firewall, action);
  }

  /** From outside, to the address of an interface. */
  ping(pings = 4, name = 'veth0'): Promise<Pings> {
    return ping(this.network, this.pair(name).address, pings);
  }

  /** The same over IPv6. */
  ping6(pings = 4, name = 'veth0'): Promise<Pings> {
    return ping(this.network, this.pair(name).address6, pings);
  }

  /** A TCP connection from outside, to a service that it starts, which stays open. */
  converse(name = 'veth0', port = 7007): Promise<Conversation> {
    return converse(this.network, this.pair(name), port);
  }

  /** Tries to open a TCP connection from outside. */
  connect(port: number, name = 'veth0'): Promise<Meeting> {
    return connect(this.network, this.pair(name).address, port);
  }

  /** The same over IPv6. */
  connect6(port: number, name = 'veth0'): Promise<Meeting> {
    return connect(this.network, this.pair(name).address6, port);
  }

  flood(limits: FloodLimits, name = 'veth0'): Promise<Flood> {
    return flood(this.network, this.pair(name), limits);
  }

  /** Sends so many copies of a frame from outside, at most 64: none gets lost. */
  async send(packet: PacketDescription | Uint8Array, frames = 1, name = 'veth0'): Promise<void> {
    await using sending = await this.flood({ frames, seconds: 60, packets: [packet] }, name);
    await sending.done();
  }

  /** What an interface of the firewall's side lets through to the stack. */
  capture(name = 'veth0'): Promise<Capture> {
    return capture(this.network.firewall, this.pair(name).name);
  }

  /** What arrives at the other end of it. */
  captureOutside(name = 'veth0'): Promise<Capture> {
    return capture(this.network.outside, this.pair(name).peer, 'xdp');
  }

  /** ICMP messages (IPv4) that came through to the stack of the firewall's side, ever. */
  icmpReceived(): Promise<number> {
    return icmpReceived(this.network);
  }

  async netShow(): Promise<NetShow> {
    const [net] = JSON.parse(await this.exec('bpftool', '-j', 'net', 'show')) as [NetShow];
    return net;
  }

  async ifindex(name: string): Promise<number> {
    const [link] = JSON.parse(await this.exec('ip', '-j', 'link', 'show', name)) as [{ ifindex: number }];
    return link.ifindex;
  }

  /** Adds one more veth pair, or one that was deleted. */
  async addPair(index: number): Promise<Pair> {
    const pair = await makePair(this.network, index);
    this.network.pairs = [...this.network.pairs.filter(({ name }) => name !== pair.name), pair];
    return pair;
  }

  /** Attaches a program that is not xdpkeep's through netlink, as `bpftool net attach` does; its id. */
  async attachForeign(name: string, mode: 'xdpgeneric' | 'xdpdrv' = 'xdpdrv'): Promise<number> {
    const pin = join(this.bpffs, `foreign_${name}`);
    await must('bpftool', ['prog', 'load', ICMP_DROP, pin]);
    await this.exec('bpftool', 'net', 'attach', mode, 'pinned', pin, 'dev', name);
    const { id } = JSON.parse(await must('bpftool', ['-j', 'prog', 'show', 'pinned', pin])) as { id: number };
    return id;
  }

  pair(name: string): Pair {
    const found = this.network.pairs.find((pair) => pair.name === name);
    if (!found) throw new Error(`the lab has no interface ${name}`);
    return found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#down ??= this.#end());
  }

  async #end(): Promise<void> {
    const residue = await this.#takeDown();
    residue.push(...(await residueOf(this.#held, this.name, tmpdir())));
    this.closed();
    if (residue.length > 0) throw new Error(`the lab ${this.name} left behind: ${residue.join(', ')}`);
  }

  async #takeDown(): Promise<string[]> {
    const trouble: string[] = [];
    const attempt = async (action: () => unknown) => {
      try {
        await action();
      } catch (error) {
        trouble.push(String(error));
      }
    };
    for (const process_ of this.#started) process_.kill('SIGKILL');
    await Promise.allSettled(this.#started);
    await attempt(() => {
      collectPinned(this.bpffs, this.#held);
    });
    await attempt(async () => {
      for (const { id } of (await this.netShow()).xdp) this.#held.programs.add(id);
    });
    for (const namespace of [this.network.firewall, this.network.outside]) {
      await attempt(async () => {
        trouble.push(...(await endIn(namespace, DYING)));
        await must('ip', ['netns', 'del', namespace]);
      });
    }
    await attempt(() => must('umount', [this.bpffs]));
    await attempt(() => {
      rmSync(this.directory, { recursive: true });
    });
    return trouble;
  }

  #xdpkeep(args: string[]): [string, string[]] {
    return within(this.network.firewall, [process.execPath, this.program, ...args]);
  }

  #options(options: ExecOptions): ExecOptions {
    const env = {
      XDPKEEP_STATE: this.state,
      XDPKEEP_BPFFS: this.bpffs,
      XDPKEEP_DATA_DIR: this.dataDir,
      XDPKEEP_HOST: 'lab',
      ...(this.#config !== undefined && { XDPKEEP_CONFIG: this.#config }),
      ...options.env,
    };
    return { cwd: this.directory, ...options, env };
  }
}
