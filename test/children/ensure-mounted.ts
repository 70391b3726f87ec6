// Calls ensureMounted on the default bpffs: says `mounted`, or what it was told instead.
import { DEFAULT_BPFFS, ensureMounted, isBpffs } from '../../src/kernel/bpffs.js';
import { XdpkeepError } from '../../src/model/errors.js';

try {
  ensureMounted(DEFAULT_BPFFS);
  console.log(isBpffs(DEFAULT_BPFFS) ? 'mounted' : 'not mounted');
} catch (error) {
  if (!(error instanceof XdpkeepError)) throw error;
  console.log(`${error.exitCode} ${error.message} | ${error.hint ?? ''}`);
}
