// A host that follows a repository: the commit that the old build adopted is the one that the next must descend from.
import { renameSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { document } from '../support/host.js';
import { OWN_FILES, Site } from '../support/site.js';
import { createOldLab, install, links, LONG } from './installed.js';
import { Traffic } from './traffic.js';

it(
  'the adopted commit, drift without a network, the next commit and a rollback',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    const site = await Site.create(lab);
    const adopted = await site.repository.head();
    await site.sync();
    expect((await lab.ping(2)).received).toBe(0);
    const before = await links(lab);

    await using traffic = await Traffic.flow(lab);
    await install(lab, 'new');
    expect(await site.status()).toMatchObject({ revision: { commit: adopted } });
    renameSync(site.repository.folder, `${site.repository.folder}.away`);
    // From the copy that the old build made; the remote is gone, which is said.
    const offline = document<Reconciliation>(await site.run('reconcile', '--output', 'json'), 0);
    expect(offline.steps.filter(({ action }) => action !== 'update' && action !== 'none')).toEqual([]);
    expect(await site.sync()).toMatchObject({
      changed: false,
      source: { condition: 'SourceStale', revision: { commit: adopted } },
    });
    renameSync(`${site.repository.folder}.away`, site.repository.folder);
    expect(await site.sync()).toMatchObject({ changed: false, source: { condition: 'Current' } });

    // One that does not descend from it is refused, one that does is adopted.
    await site.repository.git('checkout', '--quiet', '--orphan', 'other');
    await site.repository.commit('from nowhere', OWN_FILES, { key: 'ada' });
    await site.repository.git('branch', '--quiet', '--force', 'main', 'other');
    expect((await site.run('sync')).exitCode).toBe(77);
    await site.repository.git('checkout', '--quiet', '--force', '-B', 'main', adopted);
    const next = await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
    expect(await site.sync()).toMatchObject({ changed: true, source: { revision: { commit: next } } });
    await traffic.unbroken();
    expect(await links(lab)).toEqual(before);

    const back = document<Reconciliation>(await site.run('rollback', '1', '--output', 'json'), 0);
    expect(back).toMatchObject({ hold: { generation: 1 } });
    expect((await lab.ping(2)).received).toBe(0);
    await site.drift();
    expect(document(await site.run('reconcile', '--output', 'json'), 13)).toMatchObject({ changed: true });
    expect((await lab.ping(2)).received).toBe(0);
  },
);
