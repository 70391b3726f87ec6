// Who names an interface on the command line may use any name of it: commands get the one that the kernel reports, which is the
// name of its pins, counters and records. A name that no interface has is left as it is: what it was may be known by it.
import type { Command } from 'commander';

/** What the operand is called in the usage of each command that has one. */
const OPERAND = 'interface';

/** Before the action of a command runs. */
export async function useKernelName(action: Command): Promise<void> {
  const at = action.registeredArguments.findIndex((one) => one.name() === OPERAND);
  const asked: unknown = action.processedArgs[at];
  if (typeof asked !== 'string') return;
  const { kernelName } = await import('../kernel/rtnetlink.js');
  action.processedArgs[at] = kernelName(asked);
}
