// The package, made as `npm run package` makes it.
// needs: lab node-lts
import { must } from '../lab/exec.js';

/** Milliseconds that a package may take: one processor compresses a whole Node, and the first one fetches it. */
export const BUILD_TIME = 600_000;

/** Path of the package in `folder`. */
export async function makePackage(folder: string, env: Record<string, string> = {}): Promise<string> {
  return must('bash', ['scripts/package.sh', folder], { timeout: BUILD_TIME, env });
}
