// Interface patterns: shell globs without braces or paths. `*` any run, `?` one character, `[a-c]` or `[!a-c]` a set.

const GLOB = /[*?[]/;

/** True for a pattern, false for a literal interface name. */
export function isGlob(pattern: string): boolean {
  return GLOB.test(pattern);
}

/** Throws a SyntaxError with the reason when the pattern cannot be read. */
export function compileGlob(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end === -1) throw new SyntaxError(`"[" at character ${at + 1} is never closed`);
      const set = pattern.slice(at + 1, end);
      const negated = set.startsWith('!');
      source += `[${negated ? '^' : ''}${set.slice(negated ? 1 : 0).replace(/[\\^]/g, '\\$&')}]`;
      at = end;
    } else source += char.replace(/[\\^$.|+(){}\]]/g, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}

/** Does the pattern, a literal name or a glob, cover this interface? The loopback is covered by its own name only. */
export function matchesInterface(pattern: string, name: string): boolean {
  if (!isGlob(pattern)) return pattern === name;
  return name !== 'lo' && compileGlob(pattern).test(name);
}
