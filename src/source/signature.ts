// Decides whether a signature counts: it must come from a key that may sign now and is not revoked. The date in the commit is ignored,
// since the holder of an expired key can write an old date. Only the exit code of ssh-keygen counts: it prints "Good signature" for
// untrusted keys too.
import { join } from 'node:path';
import { replaceFile } from '../disk/durable.js';
import { readOwn } from '../disk/regular.js';
import { sha256 } from '../disk/sha256.js';
import { findTool, runTool, type ToolResult } from '../kernel/tool.js';
import type { Verification } from '../model/config.js';
import { EnvironmentError, PermissionError, SignatureError } from '../model/errors.js';
import { revisionWords, type Signer } from '../model/revision.js';
import { oddityOf } from './armour.js';
import type { Commit } from './commit.js';
import { VerifiedCommits } from './verified.js';

/** Of `ssh-keygen -Y sign -n`. */
export const COMMIT_NAMESPACE = 'git'; // of commits and tags

export interface Signed {
  /** How messages call it: `commit 9f8e7d6c5b4a "Open 443" by A <a@b>`. */
  what: string;
  payload: Buffer;
  /** Armoured, without the line break at its end. */
  signature: string;
  namespace: string;
}

export class SignatureVerifier {
  readonly #tool: string;
  readonly #verified: VerifiedCommits;

  /** `scratch` is a directory of ours. Throws an EnvironmentError when something that it needs cannot be read. */
  constructor(
    private readonly verification: Verification,
    private readonly scratch: string,
    private readonly ended?: AbortSignal,
  ) {
    const { allowedSigners, revoked } = verification;
    const tool = findTool('ssh-keygen');
    if (tool === undefined) {
      throw new EnvironmentError('ssh-keygen is not installed', {
        hint: 'Run apt-get install openssh-client.',
      });
    }
    this.#tool = tool;
    const revocations = revoked === undefined ? '' : readKeys(revoked);
    const signers = readKeys(allowedSigners);
    requirePrincipals(signers, verification);
    this.#verified = new VerifiedCommits(scratch, sha256(JSON.stringify([signers, revocations])));
  }

  /** Throws a SignatureError that names the commit and the key. */
  async verifyCommit(commit: Commit): Promise<Signer> {
    const known = this.#verified.get(commit.commit);
    if (known) return known;
    const { payload, signature } = commit;
    const what = `commit ${revisionWords(commit)} by ${commit.author}`;
    if (commit.strange)
      throw new SignatureError(`${what} has several signatures, or one in an unusual place`, { hint: SIGN });
    const signer = await this.verify({ what, payload, signature, namespace: COMMIT_NAMESPACE });
    this.#verified.add(commit.commit, signer);
    return signer;
  }

  /** Keeps what was found good for the next pass. */
  remember(): void {
    this.#verified.write();
  }

  /** Throws a SignatureError unless a key that may sign has signed `signed.payload`. */
  async verify(signed: Signed): Promise<Signer> {
    const { what, payload, signature, namespace } = signed;
    if (signature === '') throw new SignatureError(`${what} is not signed`, { hint: signHint(payload) });
    if (!signature.startsWith('-----BEGIN SSH SIGNATURE-----')) {
      const kind = signature.startsWith('-----BEGIN PGP ') ? 'OpenPGP' : 'something else';
      const hint = signHint(payload, kind);
      throw new SignatureError(`${what} is signed with ${kind}, not with an SSH key`, { hint });
    }
    const oddity = oddityOf(signature);
    if (oddity !== undefined) {
      throw new SignatureError(`the signature of ${what} was changed: ${oddity}`, { hint: AGAIN });
    }
    const file = join(this.scratch, 'signature');
    replaceFile(file, `${signature}\n`);
    const about = ['-n', namespace, '-s', file];
    const good = await this.#good(about, payload);
    if (good) return good;
    const made = await this.#run('check-novalidate', about, payload);
    const key = /\bkey (SHA256:\S+)/.exec(made.stdout)?.[1];
    if (made.exitCode !== 0 || key === undefined) {
      const message = `the signature of ${what} does not fit its content`;
      throw new SignatureError(message, {
        hint: 'It was changed after it was signed: find out by whom.',
        log: made.stderr,
      });
    }
    return { principal: await this.#principalOf(what, key, about, payload), key };
  }

  /** Most are: why one is not is asked only then. */
  async #good(about: string[], payload: Buffer): Promise<Signer | undefined> {
    const { allowedSigners, revoked } = this.verification;
    const allowed = ['-f', allowedSigners, ...(revoked === undefined ? [] : ['-r', revoked])];
    const { exitCode, stdout } = await this.#run('find-principals', [
      '-s',
      about.at(-1) ?? '',
      '-f',
      allowedSigners,
    ]);
    for (const principal of exitCode === 0 ? stdout.split('\n').filter(Boolean) : []) {
      const known = await this.#run('verify', [...about, ...allowed, '-I', principal], payload);
      const key = /\bkey (SHA256:\S+)/.exec(known.stdout)?.[1];
      if (known.exitCode === 0 && key !== undefined) return { principal, key };
    }
    return undefined;
  }

  async #principalOf(what: string, key: string, about: string[], payload: Buffer): Promise<string> {
    const { allowedSigners, revoked } = this.verification;
    const by = `${what} is signed by key ${key}`;
    const file = about.at(-1) ?? '';
    const allowed = ['-f', allowedSigners];
    // Without -Overify-time, the time is now.
    const found = await this.#run('find-principals', ['-s', file, ...allowed]);
    const principals = found.exitCode === 0 ? found.stdout.split('\n').filter(Boolean) : [];
    let said = found.stderr;
    for (const principal of principals) {
      const verify = [...about, ...allowed, '-I', principal];
      const known = await this.#run('verify', verify, payload);
      said = known.stderr;
      if (known.exitCode !== 0) continue;
      if (revoked === undefined) return principal;
      const { exitCode, stderr } = await this.#run('verify', [...verify, '-r', revoked], payload);
      if (exitCode === 0) return principal;
      throw new SignatureError(`${by} (${principal}), which is revoked`, { hint: AGAIN, log: stderr });
    }
    const [, when] = /(key (?:has expired|is not yet valid)[^\n\r]*)/.exec(said) ?? [];
    if (when !== undefined)
      throw new SignatureError(`${by}, which may not sign now: ${when}`, { hint: AGAIN });
    const why = principals.length > 0 ? 'may not sign this' : 'is not known';
    const hint = `${AGAIN} If the key is to be trusted, add it to ${allowedSigners}.`;
    throw new SignatureError(`${by}, which ${why}`, { hint, log: said });
  }

  #run(action: string, args: string[], input?: Buffer): Promise<ToolResult> {
    const limits = { time: 30_000, output: 1 << 20, input, ended: this.ended };
    return runTool(this.#tool, ['-Y', action, ...args], limits);
  }
}

const SIGN = 'Sign it with SSH: git config gpg.format ssh; git commit --amend -S.';
const MERGE =
  'GitHub\'s merge buttons sign with OpenPGP, or not at all: fast-forward the branch or merge by hand, or let a bot with an SSH key do it (docs/git.md, "Merge buttons of code hosts").';

/** What a merge button made cannot be signed again by whoever pressed it. */
function signHint(payload: Buffer, kind?: 'OpenPGP' | 'something else'): string {
  if (/^committer GitHub <noreply@github\.com> /m.test(headersOf(payload))) return MERGE;
  return kind === 'OpenPGP' ? `${SIGN} ${MERGE}` : SIGN;
}

/** What stands before the message of a commit. */
function headersOf(payload: Buffer): string {
  const end = payload.indexOf('\n\n');
  return payload.subarray(0, end < 0 ? payload.length : end).toString('utf8');
}

const AGAIN = 'Let somebody who may sign look at it and commit it again.';

/** A scope for an unknown principal is refused: with a typo in the name, the intended principal would have no scope and could change everything. */
function requirePrincipals(signers: string, { allowedSigners, scopes }: Verification): void {
  const known = new Set(
    signers
      .split('\n')
      .flatMap((line) => (/^\s*(?:"([^"]*)"|([^\s#]\S*))/.exec(line)?.slice(1) ?? []).join('').split(',')),
  );
  const nobody = scopes.find(({ principal }) => !known.has(principal));
  if (!nobody) return;
  throw new EnvironmentError(`\`scopes\` name ${nobody.principal}, who is nobody in ${allowedSigners}`, {
    hint: 'Correct `verify` in the config file, or add the principal.',
  });
}

/** Bytes. */
const LARGEST_KEYS = 16 << 20;

/** ssh-keygen would say that the signature is bad. */
function readKeys(file: string): string {
  try {
    return readOwn(file, LARGEST_KEYS).toString('utf8');
  } catch (cause) {
    if (cause instanceof PermissionError) throw cause;
    const hint = 'Put the file there, or correct `verify` in the config file.';
    throw new EnvironmentError(`cannot read ${file}, which says whose signatures count`, { hint, cause });
  }
}
