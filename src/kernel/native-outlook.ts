// Would a driver that refused native mode refuse it again? What can be seen is asked: nothing is attached to try.
import { ONE_PAGE } from '../model/observed.js';
import type { NativeOutlook } from '../model/step.js';
import { describeDevice, type Device } from './device.js';
import { deviceWords } from './native-refusal.js';
import { type XdpFeatures, xdpFeatures } from './netdev.js';

/** What can be seen of an interface where mode `auto` has fallen back. */
export interface Fallback {
  device: Device | undefined;
  features: XdpFeatures | undefined;
  /** Bytes of the largest packet that may come in. */
  largest: number;
  /** Of the program that would be attached. */
  takesFrags: boolean;
  /** What was said when native was refused. */
  why: string | undefined;
}

/** Would native be refused again? */
function nativeOutlook({ device, features, largest, takesFrags, why }: Fallback): NativeOutlook {
  if (!device || features?.native === false || device.lro === true) return 'refused';
  if (largest > ONE_PAGE && !(takesFrags && features?.fragments !== false)) return 'refused';
  if (!features) return 'unknown';
  if (why === undefined) return 'possible';
  // The other end of a veth pair is another device, of which `why` says nothing.
  const isSame = device.driver !== 'veth' && why.includes(deviceWords(device));
  return isSame || ABOUT_QUEUES.test(why) ? 'unknown' : 'possible';
}

const ABOUT_QUEUES = /ENOSPC|not enough queues|\brings?\b|channel|more .*queues/i;

/** The same, of an interface of this namespace as it is now. */
export function askNativeOutlook(
  ifindex: number,
  about: Omit<Fallback, 'device' | 'features'>,
): NativeOutlook {
  return nativeOutlook({ device: describeDevice(ifindex), features: xdpFeatures(ifindex), ...about });
}
