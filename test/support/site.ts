// A repository with signed commits and the host of a lab that follows it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import type { Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, OWN, ownProgram } from './host.js';
import { Repository } from './repository.js';

const NATIVE = { 'state/hosts/lab.yaml': hostFile({ veth0: `mode: native, program: ${ICMP_DROP}` }) };
/** Another program for the same interface. */
export const OWN_FILES = {
  'state/hosts/lab.yaml': hostFile({ veth0: `mode: native, program: ${OWN}` }),
  'state/programs/own.bpf.c': ownProgram('extra'),
};

export class Site {
  private constructor(
    readonly lab: Lab,
    readonly repository: Repository,
    private readonly config: string,
  ) {}

  /** A repository with one commit, which ada has signed, and a host that follows it. */
  static async create(lab: Lab): Promise<Site> {
    const repository = await Repository.create(lab.directory);
    await repository.makeKey('ada');
    const allowed = repository.allow(['ada@example.org', 'ada']);
    await repository.commit('drop pings', NATIVE, { key: 'ada' });
    const config = join(lab.directory, 'config.yaml');
    const lines = [
      `host: lab`,
      `source: {git: ${repository.folder}}`,
      `verify: {allowedSigners: ${allowed}}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    return new Site(lab, repository, config);
  }

  run(...args: string[]) {
    return this.lab.run(args, { env: this.#env() });
  }

  /** Leaves it running. */
  start(...args: string[]) {
    return this.lab.start(args, { env: this.#env() });
  }

  #env(): Record<string, string> {
    return { XDPKEEP_CONFIG: this.config, XDPKEEP_STATE: '', XDPKEEP_HOST: '' };
  }

  async sync(exitCode = 0, ...args: string[]): Promise<Reconciliation> {
    return document(await this.run('sync', '--output', 'json', ...args), exitCode);
  }

  async status(): Promise<Status> {
    return document(await this.run('status', '--output', 'json'), 0);
  }

  /** Takes the attachment away behind our back. */
  async drift(): Promise<void> {
    await this.lab.exec('rm', '-r', join(this.lab.bpffs, 'xdpkeep'));
  }
}
