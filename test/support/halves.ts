// A sync in two halves: `fetch`, as a user with a network and no rights, and `sync --offline`, which asks what was fetched.
import { chmodSync, chownSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab.js';
import { finish } from '../lab/exec.js';
import { Site } from './site.js';

const NOBODY = 65534;

export class Halves {
  readonly folder: string;

  private constructor(
    readonly lab: Lab,
    readonly site: Site,
  ) {
    this.folder = join(lab.directory, 'fetched');
    mkdirSync(this.folder);
    chownSync(this.folder, NOBODY, NOBODY);
    chmodSync(lab.directory, 0o755);
    // Read from where anybody may read, wherever this source tree lies.
    cpSync('dist', join(lab.directory, 'dist'), { recursive: true });
  }

  static async create(lab: Lab): Promise<Halves> {
    return new Halves(lab, await Site.create(lab));
  }

  /** As nobody, without a capability. */
  fetch() {
    const config = join(this.lab.directory, 'config.yaml');
    const drop = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--bounding-set=-all'];
    const xdpkeep = [
      process.execPath,
      join(this.lab.directory, 'dist/xdpkeep.js'),
      'fetch',
      '--into',
      this.folder,
    ];
    return finish('setpriv', [...drop, ...xdpkeep], { env: { XDPKEEP_CONFIG: config } });
  }

  sync(exitCode = 0) {
    return this.site.sync(exitCode, '--offline', this.folder);
  }
}
