// File systems of a test's own, which fill up or turn read-only.
// needs: lab
import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './support.js';

/** A file system of its own: `size` as tmpfs takes it. */
export function smallFileSystem(size: string): { folder: string; remount: (option: 'ro' | 'rw') => void } {
  const folder = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder]);
  });
  return { folder, remount: (option) => execFileSync('mount', ['-o', `remount,${option}`, folder]) };
}
