// The rules that decide on each interface, where they stand and what they have counted. Reads only and takes no lock.
import { readCounters } from './counters.js';
import { runningInstance } from './model/observed.js';
import type { Position } from './model/position.js';
import type { Policy } from './model/policy.js';
import type { RuleRow, RuleTable } from './model/rule-table.js';
import type { RowCount } from './model/counters.js';
import { readOwned } from './observe/owned.js';
import { describeAction } from './policy/decisions.js';
import { verdictOf } from './policy/judge.js';
import type { Paths } from './goal.js';
import { RunningPrograms } from './status/running.js';

/** Interfaces whose policy no generation knows have their rows without what they do. */
export async function readRuleTable(paths: Paths): Promise<RuleTable> {
  const counters = await readCounters(paths);
  const owned = readOwned(paths.bpffs);
  const programs = new RunningPrograms(paths.dataDir);
  const interfaces = counters.interfaces.map(({ name, rules }) => {
    const pinned = owned.find((one) => one.name === name);
    const digest = pinned && runningInstance(pinned)?.digest;
    const policy = digest === undefined ? undefined : programs.firewall(digest)?.policy;
    return {
      name,
      policy: policy?.name ?? '',
      mode: policy?.mode ?? ('enforce' as const),
      rules: rules.map((row) => withAction(row, policy)),
    };
  });
  return { apiVersion: 'xdpkeep/v1', kind: 'Rules', interfaces };
}

function withAction(row: RowCount, policy: Policy | undefined): RuleRow {
  if (!policy) return { ...row, action: 'unknown', drops: false };
  const rule = policy.rules.find(({ name }) => name === row.name);
  const verdict = verdictOf(policy, row.name);
  return {
    ...row,
    action: rule ? describeAction(rule.action) : verdict,
    drops: verdict === 'drop' && policy.mode === 'enforce',
    ...(rule && { at: place(rule.at) }),
  };
}

function place({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
