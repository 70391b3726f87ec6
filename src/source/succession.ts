// What is asked when a commit is to take the place of another: where it is from, who may sign, and who judges that.
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
