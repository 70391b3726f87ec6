// Says which needed capabilities this process lacks, and how xdpkeep refuses.
import { missingCapabilities, requireCapabilities } from '../../src/kernel/capabilities.js';
import { XdpkeepError } from '../../src/model/errors.js';

console.log(missingCapabilities().join(' '));
try {
  requireCapabilities();
} catch (error) {
  if (!(error instanceof XdpkeepError)) throw error;
  console.log(`${error.exitCode} ${error.message}`);
}
