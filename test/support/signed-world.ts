// A repository whose commits are signed, and what a host that follows it makes of them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GitSource, Verification } from '../../src/model/config.js';
import { acquire, type Candidate } from '../../src/source/acquire.js';
import type { Adoption } from '../../src/source/adoption.js';
import { scratch } from '../desired/state-dir.js';
import { rejected } from '../lab/caught.js';
import { Repository } from './repository.js';

export const STATE = { 'state/hosts/lab.yaml': 'one', 'state/lists/bad.txt': '' };

interface Refusal {
  exitCode: number;
  message: string;
  hint: string | undefined;
}

export class SignedWorld {
  /** As the host remembers it. */
  adopted: Adoption | undefined;

  private constructor(
    readonly repository: Repository,
    readonly verification: Verification,
    private readonly folder: string,
  ) {}

  /** The keys: ada and netops may sign; old could, revoked might, stranger never did. */
  static async create(change: Partial<Verification> = {}): Promise<SignedWorld> {
    const parent = scratch();
    const repository = await Repository.create(parent);
    for (const key of ['ada', 'netops', 'old', 'revoked', 'stranger', 'elsewhere'])
      await repository.makeKey(key);
    const allowedSigners = repository.allow(
      ['ada@example.org', 'ada', 'namespaces="git,xdpkeep-rewind,xdpkeep-vouch"'],
      ['netops@example.org', 'netops'],
      ['old@example.org', 'old', 'valid-before="20250101Z"'],
      ['revoked@example.org', 'revoked'],
      ['elsewhere@example.org', 'elsewhere', 'namespaces="file"'],
    );
    const revoked = repository.revoke('revoked');
    const folder = join(parent, 'data');
    mkdirSync(folder);
    return new SignedWorld(repository, { allowedSigners, revoked, scopes: [], ...change }, folder);
  }

  source(): GitSource {
    return { git: this.repository.folder, ref: 'main', path: 'state' };
  }

  acquire(): Promise<Candidate | undefined> {
    return this.acquireWith(this.verification);
  }

  acquireWith(verification: Verification | undefined): Promise<Candidate | undefined> {
    const ended = new AbortController().signal;
    const where = { source: this.source(), verification, folder: this.folder, ended };
    return acquire(where, this.adopted);
  }

  /** Acquires, which must succeed, and remembers it. */
  async adopt(): Promise<Adoption> {
    const candidate = await this.acquire();
    if (!candidate) throw new Error('there was nothing to adopt');
    this.adopted = candidate.adoption;
    return candidate.adoption;
  }

  /** A first commit that is signed and adopted. */
  async begin(): Promise<string> {
    const commit = await this.repository.commit('begin', STATE, { key: 'ada' });
    await this.adopt();
    return commit;
  }

  async refusal(): Promise<Refusal> {
    const { exitCode, message, hint } = (await rejected(this.acquire())) as Refusal;
    return { exitCode, message, hint };
  }
}
