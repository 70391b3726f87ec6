// Real git repositories and real SSH keys, for the tests of what comes from git.
// needs: git
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must } from '../lab/exec.js';

export interface Author {
  /** Name of a key; unsigned when absent. */
  key?: string;
  /** Of author and committer: `2020-01-01T00:00:00Z`. */
  date?: string;
}

/** A work tree with one branch, `main`, and a folder of keys beside it. */
export class Repository {
  readonly #env: Record<string, string>;

  private constructor(
    /** The work tree. */
    readonly folder: string,
    readonly keys: string,
  ) {
    this.#env = {
      HOME: keys,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.org',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.org',
    };
  }

  /** Makes both below `parent`. */
  static async create(parent: string, name = 'repository'): Promise<Repository> {
    const repository = new Repository(join(parent, name), join(parent, `${name}-keys`));
    mkdirSync(repository.keys, { recursive: true });
    mkdirSync(repository.folder, { recursive: true });
    await repository.git('init', '--quiet', '--initial-branch=main');
    return repository;
  }

  /** Its stdout; a failure throws. */
  async git(...args: string[]): Promise<string> {
    return this.#run('git', ['-C', this.folder, ...args]);
  }

  /** The same with this on stdin. */
  async pipe(input: string | Uint8Array, ...args: string[]): Promise<string> {
    return this.#run('git', ['-C', this.folder, ...args], {}, input);
  }

  #run(
    file: string,
    args: string[],
    env: Record<string, string> = {},
    input?: string | Uint8Array,
  ): Promise<string> {
    const options = { env: { ...this.#env, ...env }, ...(input !== undefined && { input }) };
    return must(file, args, options);
  }

  async makeKey(name: string): Promise<void> {
    await this.#run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', this.key(name)]);
  }

  key(name: string): string {
    return join(this.keys, name);
  }

  /** `ssh-ed25519 AAAA...` */
  publicKey(name: string): string {
    return readFileSync(`${this.key(name)}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }

  /** `SHA256:...` */
  async fingerprint(name: string): Promise<string> {
    return (await this.#run('ssh-keygen', ['-l', '-f', `${this.key(name)}.pub`])).split(' ')[1] ?? '';
  }

  /** One line of allowed signers each: `[principal, key, options]`. The file. */
  allow(...lines: [principal: string, key: string, options?: string][]): string {
    const file = join(this.keys, 'allowed-signers');
    const text = lines.map(([principal, key, options = '']) =>
      [principal, options, this.publicKey(key)].join(' '),
    );
    writeFileSync(file, `${text.join('\n')}\n`);
    return file;
  }

  /** A list of revoked keys. The file. */
  revoke(...names: string[]): string {
    const file = join(this.keys, 'revoked-keys');
    writeFileSync(file, names.map((name) => `${this.publicKey(name)}\n`).join(''));
    return file;
  }

  /** Signs a file beside itself, as `ssh-keygen -Y sign` does. */
  async sign(file: string, key: string, namespace: string): Promise<void> {
    rmSync(`${file}.sig`, { force: true });
    await this.#run('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', this.key(key), file]);
  }

  write(files: Record<string, string>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), content);
    }
  }

  /** Commits these files, and what else was changed. The name of the commit. */
  async commit(subject: string, files: Record<string, string> = {}, author: Author = {}): Promise<string> {
    this.write(files);
    await this.git('add', '--all');
    return this.#commit(['commit', '--quiet', '--allow-empty', '-m', subject], author);
  }

  /** A tag, signed by a key or, without one, by nobody. */
  async tag(name: string, commit: string, key?: string): Promise<void> {
    const signing = key === undefined ? ['-a'] : ['-s'];
    const config = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${this.key(key ?? '')}`];
    await this.git(...config, 'tag', ...signing, '-f', '-m', `release ${name}`, name, commit);
  }

  /** Merges a branch with a merge commit. The name of the commit. */
  async merge(branch: string, author: Author = {}): Promise<string> {
    return this.#commit(
      ['merge', '--quiet', '--no-ff', '--allow-unrelated-histories', '-m', `merge ${branch}`, branch],
      author,
    );
  }

  async head(): Promise<string> {
    return this.git('rev-parse', 'HEAD');
  }

  /** Writes a commit object as it is given and moves `main` to it: for what git would not make. */
  async raw(change: (commit: string) => string): Promise<string> {
    const before = await this.git('cat-file', 'commit', 'HEAD');
    const name = await this.pipe(
      `${change(before)}\n`,
      'hash-object',
      '-t',
      'commit',
      '-w',
      '--literally',
      '--stdin',
    );
    await this.git('reset', '--quiet', '--hard', name);
    return name;
  }

  async #commit(args: string[], { key, date }: Author): Promise<string> {
    const signing =
      key === undefined
        ? ['-c', 'commit.gpgSign=false']
        : ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${this.key(key)}`, '-c', 'commit.gpgSign=true'];
    const dates = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    await this.#run('git', ['-C', this.folder, ...signing, ...args], dates);
    return this.head();
  }
}
