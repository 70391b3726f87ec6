// `destinationPort`: the port of the receiver.
import { portField } from './port-field.js';

export const destinationPort = portField('destinationPort', { at: 2, usual: 80, natural: [80, 53] });
