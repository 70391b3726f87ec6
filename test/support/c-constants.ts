// What constants of the datapath's headers are, as clang says: each expression becomes a number in a section of an object.
// needs: lab
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SECTION = '.data.constants';

/** The values of expressions of C, where all of bpf/firewall_connections_actions.bpf.c and these `defines` can be seen. */
export function evaluateC(expressions: readonly string[], defines: string): bigint[] {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-constants-'));
  try {
    const [source, object, values] = ['c.c', 'c.o', 'values'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const lines = expressions.map((expression) => `(__u64)(${expression}),`);
    const table = `const volatile __u64 constants[] SEC("${SECTION}") = {\n${lines.join('\n')}\n};\n`;
    writeFileSync(
      source,
      `#include <stddef.h>\n#include "firewall_connections_actions.bpf.c"\n${defines}${table}`,
    );
    const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I/usr/include/${triplet}`, '-Ibpf'];
    execFileSync('clang', [...flags, '-c', source, '-o', object]);
    execFileSync('llvm-objcopy', [`--dump-section=${SECTION}=${values}`, object]);
    const bytes = readFileSync(values);
    return expressions.map((_, at) => bytes.readBigUInt64LE(at * 8));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
