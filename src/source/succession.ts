// The inputs of verifying that a commit may follow the adopted one: the mirror, who may sign, and the verifier of signatures.
import type { GitSource, Verification } from '../model/config.js';
import type { Mirror } from './mirror.js';
import type { SignatureVerifier } from './signature.js';

export interface Succession {
  mirror: Mirror;
  source: GitSource;
  /** SHA-256 of what the signature of the adopted commit signs; absent where nobody remembers. */
  signed?: string | undefined;
  verification: Verification;
  verifier: SignatureVerifier;
}
