// Which pages the manual has, and what they are called on a system: xdpkeep(8), xdpkeep-state(5).
export const MANUAL_PAGES = ['xdpkeep', 'state'] as const;
