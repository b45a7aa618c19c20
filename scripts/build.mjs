// Builds dist/: one small entry a command, what they share in chunks, and oclif's manifest, so that no command is loaded that does not run.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..');
const COMMANDS = path.join(ROOT, 'src/commands');
const OUT = path.join(ROOT, 'dist');

/** Every file below src/commands is a command, but for what they share. */
const commands = fs
  .readdirSync(COMMANDS, { recursive: true })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('shared'))
  .map((file) => path.join(COMMANDS, file));

fs.rmSync(path.join(OUT, 'commands'), { recursive: true, force: true });
fs.rmSync(path.join(OUT, 'chunks'), { recursive: true, force: true });
await build({
  entryPoints: commands,
  outdir: OUT,
  outbase: path.join(ROOT, 'src'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  // native, or loaded by oclif itself
  external: ['lmdb', '@oclif/*', '#generated/*'],
  // packages that still use require() find it
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  logLevel: 'warning',
});
execFileSync(process.execPath, [path.join(ROOT, 'node_modules/oclif/bin/run.js'), 'manifest'], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
  // it would ask the network for a newer version of itself
  env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true' },
});
