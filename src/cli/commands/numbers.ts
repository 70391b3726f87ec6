// Numbers on the command line.
import { InvalidArgumentError } from 'commander';

/** Whole numbers from 1 on. */
export function upTo(most: number): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most) return Number(text);
    throw new InvalidArgumentError(`It must be a number from 1 to ${most}.`);
  };
}

export const positive = upTo(999_999_999);
