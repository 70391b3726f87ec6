// `sourcePort`: the port of the sender.
import { portField } from './port-field.js';

export const sourcePort = portField('sourcePort', { at: 0, usual: 40000, natural: [40000] });
