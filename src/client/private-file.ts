// Files that hold keys: never half written, and never readable by others.
import fs from 'node:fs';

/** Throws what the file system says, and leaves what was there. */
export function writePrivateFile(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(aside, text, { mode: 0o600 });
    fs.renameSync(aside, file);
  } catch (error) {
    fs.rmSync(aside, { force: true });
    throw error;
  }
}
