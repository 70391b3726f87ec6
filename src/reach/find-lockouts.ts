// Finds flows that a proven instance would cut. Each flow is one packet, run through the loaded program in the kernel
// before it is attached. A policy must pass it. A program of the user's own must not drop it; where it redirects the packet
// to cannot be judged.
import { openPin } from '../kernel/pinned.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { askPolicy } from '../kernel/ask-policy.js';
import { testRun, VERDICT } from '../kernel/testrun.js';
import type { HostPolicy } from '../model/desired.js';
import type { Flow, Lockout } from '../model/flow.js';
import { SAYS_REJECT } from '../model/sample.js';
import type { Plan, TargetInstance } from '../model/step.js';
import { compilePolicy } from '../policy/compile/compile.js';
import { buildPacket } from '../policy/packet/build-packet.js';
import { placeOfRow } from '../policy/row-place.js';
import type { Proven } from '../prove/prove.js';

/** In the order of the plan. */
export function findLockouts(
  plan: Plan,
  proven: Proven,
  pinPaths: PinPaths,
  flows: readonly Flow[],
): Lockout[] {
  return plan.steps.flatMap(({ step }) => {
    const own = flows.filter((flow) => flow.interface === step.interface);
    if (!('instance' in step) || own.length === 0) return [];
    return withProgram(step.interface, step.instance, proven, pinPaths, (program) =>
      own.flatMap((flow) => {
        const how = lossOf(program, step.ifindex, flow, step.instance.program?.firewall);
        return how === undefined ? [] : [{ ...flow, how }];
      }),
    );
  });
}

function withProgram(
  name: string,
  { digest, pinned }: TargetInstance,
  proven: Proven,
  pinPaths: PinPaths,
  ask: (program: number) => Lockout[],
): Lockout[] {
  const loaded = proven.loaded.get(name);
  if (loaded) return ask(loaded.object.programFd());
  if (!pinned) return []; // it could not be loaded, and will not be attached
  using program = openPin(pinPaths.program(name, digest));
  return program ? ask(program.number) : [];
}

/** How the flow ends; `undefined` when it lives. */
function lossOf(
  program: number,
  ifindex: number,
  { packet }: Flow,
  firewall: HostPolicy | undefined,
): string | undefined {
  const frame = buildPacket(packet);
  if (!firewall) {
    const { verdict } = testRun(program, { data: frame, ingressIfindex: ifindex });
    return verdict === VERDICT.drop || verdict === VERDICT.aborted ? 'dropped by the program' : undefined;
  }
  const { connection } = packet;
  const { verdict, record } = askPolicy(program, frame, connection && { connection });
  if (verdict === VERDICT.pass) return undefined;
  const { owners } = compilePolicy(firewall.policy, firewall.protections);
  const row = owners[record]?.row ?? `record ${record}`;
  const { file, line } = placeOfRow(firewall, row, frame) ?? firewall.policy.at;
  return `${WORDS[verdict] ?? 'lost'} by ${row} (${file}:${line})`;
}

const WORDS: Record<number, string> = {
  [VERDICT.drop]: 'dropped',
  [VERDICT.tx]: 'sent back',
  [VERDICT.redirect]: 'redirected',
  [SAYS_REJECT]: 'rejected',
};
