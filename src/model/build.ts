// Which build of xdpkeep this is. Releases are named by versions, and builds between two releases all have the same one: what
// only one build understands is named by this.

/** SHA-256 (hex) of all that this program is made of; it is not bundled in tests. */
declare const XDPKEEP_BUILD: string | undefined;
export const BUILD = typeof XDPKEEP_BUILD === 'undefined' ? 'source' : XDPKEEP_BUILD;

/** For people: the version, and enough of the build to tell it from others. */
export function describeBuild(version: string): string {
  return `${version} (build ${BUILD.slice(0, 12)})`;
}
