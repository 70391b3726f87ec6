// Predicts whether a driver that refused native mode would refuse it again, from the properties of the device. Nothing is attached.
import { ONE_PAGE } from '../model/observed.js';
import type { NativeOutlook } from '../model/step.js';
import { describeDevice, type Device } from './device.js';
import { deviceWords } from './native-refusal.js';
import { type XdpFeatures, xdpFeatures } from './netdev.js';

/** What is known of an interface on which mode `auto` has fallen back to generic. */
export interface Fallback {
  device: Device | undefined;
  features: XdpFeatures | undefined;
  /** Bytes of the largest packet that may come in. */
  largest: number;
  /** The program that would be attached accepts frames in several buffers. */
  takesFrags: boolean;
  /** The error with which native mode was refused; `undefined` where no record has it. */
  why: string | undefined;
}

function nativeOutlook({ device, features, largest, takesFrags, why }: Fallback): NativeOutlook {
  if (!device || features?.native === false || device.lro === true) return 'refused';
  if (largest > ONE_PAGE && !(takesFrags && features?.fragments !== false)) return 'refused';
  if (!features) return 'unknown';
  if (why === undefined) return 'possible';
  // For a veth, the reason may lie in its peer, which `device` does not describe.
  const isSame = device.driver !== 'veth' && why.includes(deviceWords(device));
  return isSame || ABOUT_QUEUES.test(why) ? 'unknown' : 'possible';
}

const ABOUT_QUEUES = /ENOSPC|not enough queues|\brings?\b|channel|more .*queues/i;

/** Would native mode be refused again on this interface, as it is now? */
export function askNativeOutlook(
  ifindex: number,
  about: Omit<Fallback, 'device' | 'features'>,
): NativeOutlook {
  return nativeOutlook({ device: describeDevice(ifindex), features: xdpFeatures(ifindex), ...about });
}
