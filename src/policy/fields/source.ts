// `source`: the source address of the IP header.
import { addressField } from './address-field.js';

export const source = addressField('source', { at: { 4: 12, 6: 8 }, usual: 1 });
