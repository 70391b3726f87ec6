// Does a policy have to take frames in several buffers (`xdp.frags`) on an interface? It does where the driver would refuse
// another program: natively, with packets that may not fit into one buffer. Once an instance of an interface takes them, the
// next ones do too: while another one is attached, drivers refuse the MTU that needs it.
import type { DesiredMode } from '../model/desired.js';
import type { LinkState } from '../model/difference.js';
import {
  type ObservedInterface,
  ONE_BUFFER,
  type OwnedInterface,
  runningInstance,
} from '../model/observed.js';
import { takesFrags } from './bind.js';

export function wantsFrags(
  mode: DesiredMode,
  observed: ObservedInterface | undefined,
  owned: OwnedInterface | undefined,
  linkState: LinkState,
): boolean {
  if (mode === 'generic' || mode === 'offload') return false;
  const running = owned && runningInstance(owned);
  const did = running !== undefined && takesFrags(running.digest);
  const fellBack =
    mode === 'auto' && linkState.kind === 'attached' && linkState.attachment.mode === 'generic';
  return did || (!fellBack && needsFrags(observed));
}

/** Where the kernel does not tell, they may be needed; a driver that knows of none takes the program all the same. */
export function needsFrags(observed: ObservedInterface | undefined): boolean {
  const { device } = observed ?? {};
  return device !== undefined && device.largest > ONE_BUFFER && device.frags !== false;
}
