// `destinationMac`: the receiver on the link.
import { macField } from './mac-field.js';

export const destinationMac = macField('destinationMac', { at: 0, usual: 0x02_00_00_00_00_01, word: 'to' });
