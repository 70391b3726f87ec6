// Interface patterns: shell globs without braces or paths. `*` any run, `?` one character, `[a-c]` or `[!a-c]` a set.
// Refused: a set that is never closed, an inverted range.

const GLOB = /[*?[]/;

/** True for a pattern, false for a literal interface name. */
export function isGlob(pattern: string): boolean {
  return GLOB.test(pattern);
}

/** Throws a SyntaxError with the reason when the pattern cannot be read. */
export function compileGlob(pattern: string): RegExp {
  const chars = Array.from(pattern);
  let source = '';
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const end = setEnd(chars, at);
      source += setSource(chars.slice(at + 1, end));
      at = end;
    } else source += char.replace(/[\\^$.|+(){}\]/]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 'su');
}

/** A "]" that comes first, or first after the "!", is a member of the set, as in a shell. */
function setEnd(chars: string[], start: number): number {
  const first = start + (chars[start + 1] === '!' ? 2 : 1);
  const end = chars.indexOf(']', first + 1);
  if (end === -1) throw new SyntaxError(`"[" at character ${start + 1} is never closed`);
  return end;
}

function setSource(set: string[]): string {
  const negated = set[0] === '!';
  const members = negated ? set.slice(1) : set;
  let source = '';
  for (let at = 0; at < members.length; at++) {
    const [from = '', dash, to] = members.slice(at, at + 3);
    if (dash === '-' && to !== undefined) {
      if (codeOf(from) > codeOf(to)) throw new SyntaxError(`the range "${from}-${to}" is inverted`);
      source += `${escapeMember(from)}-${escapeMember(to)}`;
      at += 2;
    } else source += escapeMember(from);
  }
  return `[${negated ? '^' : ''}${source}]`;
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function escapeMember(char: string): string {
  return char.replace(/[\\^\][-]/, '\\$&');
}

/** Does the pattern, a literal name or a glob, cover this interface? The loopback is covered by its own name only. */
export function matchesInterface(pattern: string, name: string): boolean {
  if (!isGlob(pattern)) return pattern === name;
  return name !== 'lo' && compileGlob(pattern).test(name);
}
