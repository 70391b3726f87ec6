// What the kernel runs, in the form of a desired state, so that the two can be compared. A desired state may have interface
// patterns and the mode `auto`, a running one has neither: the desired one is resolved to interfaces and modes first.
import type { DesiredInterface, DesiredMode, DesiredProgram, DesiredState } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import { linkStateOf } from './link-state.js';

const AT = { file: 'the kernel', line: 1, column: 1 };

/** `programOf`: what the records know of a digest. */
export function runningState(
  host: string,
  { interfaces, owned }: ObservedState,
  programOf: (digest: string) => DesiredProgram | undefined,
): DesiredState {
  const running = owned.flatMap((one): DesiredInterface[] => {
    const seen = interfaces.find(({ name }) => name === one.name);
    const now = linkStateOf(seen, one);
    if (now.kind !== 'attached') return [];
    const digest = runningInstance(one)?.digest;
    const program = (digest === undefined ? undefined : programOf(digest)) ?? unknownProgram(digest);
    return [{ pattern: one.name, mode: now.attachment.mode, foreign: 'refuse', program, at: AT }];
  });
  return { host, interfaces: running, digest: 'running', written: 'running' };
}

function unknownProgram(digest = 'of a lost pin'): DesiredProgram {
  return {
    label: `that no generation knows, ${digest}`,
    origin: 'object',
    function: '?',
    object: '',
    digest,
    written: digest,
  };
}

/** Literal names, the mode that each runs in where that is one of those wanted, and no word on taking over. */
export function resolvedState(desired: DesiredState, differences: readonly Difference[]): DesiredState {
  const interfaces = differences.flatMap(
    ({ interface: name, wanted, linkState: now }): DesiredInterface[] => {
      if (!wanted) return [];
      const mode = now.kind === 'attached' ? resolvedMode(wanted.mode, now.attachment.mode) : wanted.mode;
      return [{ ...wanted, pattern: name, mode, foreign: 'refuse' }];
    },
  );
  return { ...desired, interfaces };
}

function resolvedMode(wanted: DesiredMode, runs: DesiredMode): DesiredMode {
  return wanted === 'auto' && runs !== 'offload' ? runs : wanted;
}
