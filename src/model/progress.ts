// How work that may take long says how far it is.

/** Called now and then, with the same words for the same work; `done` and `total` are of one unit. */
export type Progress = (now: { doing: string; done: number; total: number }) => void;
