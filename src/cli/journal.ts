// `xdpkeep journal show|verify|repair`. Showing and verifying read only and take no lock; repairing asks for it.
import type { JournalContents } from '../journal/chain.js';
import { withWriterLock } from '../journal/lock.js';
import { readJournal } from '../journal/read.js';
import { repairJournal } from '../journal/repair.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT } from '../model/errors.js';
import type { JournalRepair, JournalVerification } from '../model/history.js';
import {
  describeDamage,
  renderJournal,
  renderRepair,
  renderVerification,
  streamJournal,
} from '../report/journal.js';
import { json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

type JournalOptions = Pick<CommonOptions, 'dataDir' | 'output'>;

export async function runJournal(
  command: 'show' | 'verify' | 'repair',
  options: JournalOptions,
): Promise<CommandResult> {
  requireCapabilities();
  switch (command) {
    case 'show':
      return show(options);
    case 'verify':
      return verify(options);
    case 'repair':
      return repair(options);
  }
}

function show({ dataDir, output }: JournalOptions): CommandResult {
  const contents = readJournal(dataDir);
  const out = output === 'json' ? streamJournal(contents) : renderJournal(contents);
  return { exitCode: EXIT.ok, out, err: warn(contents) };
}

function verify({ dataDir, output }: JournalOptions): CommandResult {
  const { records, damage, torn } = readJournal(dataDir);
  const verification: JournalVerification = {
    apiVersion: 'xdpkeep/v1',
    kind: 'JournalVerification',
    sound: !damage,
    records: records.length,
    ...(damage && { damage }),
    ...(torn && { tornBytes: torn.length }),
  };
  return {
    exitCode: damage ? EXIT.journal : EXIT.ok,
    out: output === 'json' ? json(verification) : renderVerification(verification),
    ...(damage && {
      err: 'help: run `xdpkeep journal repair`: it sets the journal aside and starts a new one\n',
    }),
  };
}

async function repair({ dataDir, output }: JournalOptions): Promise<CommandResult> {
  const { damage, keptAs, torn } = await withWriterLock(dataDir, (lock) =>
    Promise.resolve(repairJournal(lock)),
  );
  const kept = keptAs ?? torn?.file;
  const result: JournalRepair = {
    apiVersion: 'xdpkeep/v1',
    kind: 'JournalRepair',
    repaired: damage !== undefined || torn !== undefined,
    ...(damage && { damage }),
    ...(kept !== undefined && { keptAs: kept }),
  };
  return { exitCode: EXIT.ok, out: output === 'json' ? json(result) : renderRepair(result) };
}

function warn({ damage, torn }: JournalContents): string {
  if (damage) return `warning: ${describeDamage(damage)}; what comes after it is marked as unverified\n`;
  return torn ? `warning: the last line is not finished (${torn.length} bytes) and is left out\n` : '';
}
