// Files that people name on the command line.
import fs from 'node:fs';
import { CannotDo } from './failure.ts';

/** Throws a CannotDo where it cannot be read. */
export function readTextFile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new CannotDo(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, undefined, error);
  }
}
