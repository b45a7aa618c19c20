// Before any test: the commands are built as users have them, and nothing is kept of how earlier ones were compiled.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

export default function setup(): void {
  fs.rmSync('dist/compile-cache', { recursive: true, force: true });
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
