// A repository, and what is fetched of it without a host around it.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquire, type Candidate } from '../../src/source/acquire.js';
import type { Adoption } from '../../src/source/adoption.js';
import { Git } from '../../src/source/git.js';
import { scratch } from '../desired/state-dir.js';
import { Repository } from './repository.js';

export class Clone {
  adopted: Adoption | undefined;
  readonly folder: string;
  url: string;
  ref = 'main';
  path = 'state';

  constructor(
    readonly repository: Repository,
    parent: string,
  ) {
    this.folder = join(parent, 'data');
    this.url = repository.folder;
    mkdirSync(this.folder);
  }

  static async create(): Promise<Clone> {
    const parent = scratch();
    return new Clone(await Repository.create(parent), parent);
  }

  get where() {
    const source = { git: this.url, ref: this.ref, path: this.path };
    return { source, verification: undefined, folder: this.folder, ended: new AbortController().signal };
  }

  async take(): Promise<Candidate | undefined> {
    const candidate = await acquire(this.where, this.adopted);
    this.adopted = candidate?.adoption ?? this.adopted;
    return candidate;
  }

  get mirror(): string {
    return join(this.folder, 'mirror.git');
  }

  /** Objects of a kind in the mirror. */
  async objects(kind: string): Promise<number> {
    const args = ['cat-file', '--batch-check=%(objecttype)', '--batch-all-objects', '--unordered'];
    return (await new Git(this.mirror).lines(args)).filter((one) => one === kind).length;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, 'next', file), 'utf8');
  }
}
