// Names the user who runs this process, for the records of what operators did.
import { userInfo } from 'node:os';

/** sudo tells who is behind root. */
export function operatorName(): string {
  const user = userName();
  const behind = process.env['SUDO_USER'];
  return behind === undefined || behind === '' || behind === user ? user : `${behind} (as ${user})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`; // no line in /etc/passwd
  }
}
