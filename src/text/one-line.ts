// What somebody else has written, where it stands in a line of ours.

/** Control characters and line breaks as spaces, and no more than `most` UTF-16 code units. */
export function oneLine(text: string, most: number): string {
  return text
    .slice(0, 2 * most)
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, most);
}
