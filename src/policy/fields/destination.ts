// `destination`: the destination address of the IP header.
import { addressField } from './address-field.js';

export const destination = addressField('destination', { at: { 4: 16, 6: 24 }, usual: 2 });
