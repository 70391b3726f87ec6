// A state directory for one test, gone when the test is over.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.js';

export type Files = Record<string, string | Uint8Array>;

/** An empty directory of the test's own. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export function stateDir(files: Files): string {
  const folder = scratch();
  write(folder, files);
  return folder;
}

export function write(folder: string, files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
}

/** A Host file called `edge-1` with these lines under `interfaces:`. */
export function hostFile(...interfaces: string[]): string {
  return ['apiVersion: xdpkeep/v1', 'kind: Host', 'name: edge-1', 'interfaces:', ...interfaces, ''].join(
    '\n',
  );
}

/** `hosts/edge-1.yaml:5:3-8 unknown field`, so that a table compares place and kind at once. */
export function placeAndSummary({ at, endColumn, summary }: Diagnostic): string {
  const end = endColumn === undefined ? '' : `-${endColumn}`;
  return `${at.file}:${at.line}:${at.column}${end} ${summary}`;
}

/** A source with one XDP function of this name. */
export function source(name = 'fw', verdict = 'XDP_PASS', include = ''): string {
  return [
    '#include <linux/bpf.h>',
    '#include <bpf/bpf_helpers.h>',
    include,
    `SEC("xdp") int ${name}(struct xdp_md *ctx) { return ${verdict}; }`,
    'char _license[] SEC("license") = "GPL";',
    '',
  ].join('\n');
}

/** A Policy file called `edge`, with these lines behind its name. */
export function policyFile(...lines: string[]): string {
  return ['apiVersion: xdpkeep/v1', 'kind: Policy', 'name: edge', ...lines, ''].join('\n');
}
