// The package, made as `npm run package` makes it.
import { must } from '../lab/exec.js';

/** Path of the package in `folder`. */
export async function makePackage(folder: string, env: Record<string, string> = {}): Promise<string> {
  return must('bash', ['scripts/package.sh', folder], { timeout: 900_000, env });
}
