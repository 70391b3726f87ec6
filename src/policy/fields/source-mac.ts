// `sourceMac`: the sender on the link.
import { macField } from './mac-field.js';

export const sourceMac = macField('sourceMac', { at: 6, usual: 0x02_00_00_00_00_02, word: 'from' });
