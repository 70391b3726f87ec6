/** Paths below the root of the repository. */
export function testFiles(): string[];
/** The words of a file of test/ and of all that it imports from there, sorted. */
export function needsOf(file: string): string[];
/** The words of the files that arguments of vitest name: all where they name none. */
export function needsOfArguments(args: string[]): string[];
