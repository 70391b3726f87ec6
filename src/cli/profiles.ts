/** What `init --profile` knows: kinds of hosts to begin with. Their files are in init-profiles.ts. */
export const PROFILES = ['server', 'router', 'client'] as const;
export type Profile = (typeof PROFILES)[number];
