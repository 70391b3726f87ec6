// Looking takes several calls, and the kernel does not wait for them. What cannot be true at one moment is this.

/** Two answers contradict each other: something changed between them, so look again. Never leaves observe/. */
export class Disagreement extends Error {}
