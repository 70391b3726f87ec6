/** What may stand at the place of a wrong value, as far as the schemas say. */
export interface Place {
  /** The fields of the map that the value is in. */
  fields: readonly string[];
}
