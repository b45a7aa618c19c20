// Runs a TypeScript file: node scripts/run-ts.mjs FILE [ARGS]. It is bundled into a temporary file first; packages stay outside.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (!file) throw new Error('which file?');
const root = path.join(import.meta.dirname, '..');
// below the package, so that its `imports` and node_modules are found
fs.mkdirSync(path.join(root, 'dist'), { recursive: true });
const out = path.join(fs.mkdtempSync(path.join(root, 'dist/run-')), 'main.mjs');
try {
  await build({
    entryPoints: [file],
    outfile: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', out, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  fs.rmSync(path.dirname(out), { recursive: true, force: true });
}
