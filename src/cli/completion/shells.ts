// Which shells can be helped.
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
