// The tables of connections, as they are pinned. A pin that is something else is passed over: what records is seen by its link.
import type { Pins } from '../kernel/pins.js';
import { roomBy } from '../model/connections.js';
import type { ObservedConnections } from '../model/observed.js';

/** `undefined` where nothing is recorded. */
export function observeConnections({ objects, ...paths }: Pins): ObservedConnections | undefined {
  using table = objects.openPin(paths.connectionTable('opened'));
  if (!table || objects.kindOf(table) !== 'map') return undefined;
  const max = roomBy(objects.mapInfo(table).maxEntries);
  using lives = objects.openPin(paths.lives);
  return lives && objects.kindOf(lives) === 'map' ? { max, timeouts: objects.readLives(lives) } : { max };
}
