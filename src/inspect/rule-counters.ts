// The rules that decide on each interface, where they stand and what they have counted. Reads only and takes no lock.
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { type ObservedState, runningInstance, runsPolicy } from '../model/observed.js';
import type { Position } from '../model/position.js';
import type { DisabledRule, Policy } from '../model/policy.js';
import { notesOf } from '../model/rule-notes.js';
import type { DisabledRow, RuleRow, RuleCounters } from '../model/rule-counters.js';
import type { RowCount } from '../model/counters.js';
import { countRows } from '../observe/count-rows.js';
import { observe } from '../observe/observe.js';
import { describeAction } from '../policy/analysis/decisions.js';
import { isLost, rowVerdict } from '../policy/row-verdict.js';
import type { HostPaths } from '../model/host-paths.js';
import { RunningPrograms } from './running-programs.js';

/** Interfaces whose policy no generation knows have their rows without what they do. `seen` stands in for a look. */
export async function readRuleCounters(
  { bpffs, dataDir }: HostPaths,
  seen?: ObservedState,
): Promise<RuleCounters> {
  requireCapabilities();
  const { owned } = seen ?? (await observe({ bpffs }));
  const programs = new RunningPrograms(dataDir);
  const interfaces = owned.filter(runsPolicy).map((one) => {
    const digest = runningInstance(one)?.digest;
    const firewall = digest === undefined ? undefined : programs.firewall(digest);
    const policy = firewall?.policy;
    return {
      name: one.name,
      policy: policy?.name ?? '',
      mode: policy?.mode ?? ('enforce' as const),
      rules: countRows(one.name, pinPathsOf(bpffs), firewall).map((row) => withAction(row, policy)),
      ...(policy?.disabled && { disabled: policy.disabled.map(disabledRow) }),
    };
  });
  return { apiVersion: 'xdpkeep/v1', kind: 'Rules', interfaces };
}

function withAction(row: RowCount, policy: Policy | undefined): RuleRow {
  if (!policy) return { ...row, action: 'unknown', drops: false };
  const rule = policy.rules.find(({ name }) => name === row.name);
  const { says, does } = rowVerdict(policy, row.name);
  return {
    ...row,
    action: rule ? describeAction(rule.action) : says,
    drops: isLost(does),
    ...(rule && { at: place(rule.at), ...notesOf(rule) }),
  };
}

function disabledRow({ action, at, ...told }: DisabledRule): DisabledRow {
  return { ...told, action: describeAction(action), at: place(at) };
}

function place({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
