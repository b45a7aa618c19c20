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

/** Where an entry lies in dist/, without its ending. */
function outOf(file) {
  const inside = commands.includes(file) ? path.join('commands', path.relative(COMMANDS, file)) : path.basename(file);
  return inside.replace(/\.m?[jt]s$/, '');
}

fs.rmSync(path.join(OUT, 'commands'), { recursive: true, force: true });
fs.rmSync(path.join(OUT, 'chunks'), { recursive: true, force: true });
await build({
  // oclif itself goes into the chunks too: one large file is read faster than a hundred small ones
  entryPoints: [...commands, path.join(ROOT, 'scripts/oclif.mjs'), path.join(COMMANDS, 'shared/server-process.ts')].map((file) => ({
    in: file,
    out: outOf(file),
  })),
  outdir: OUT,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // less to read at each start; names stay, for what a debugger shows
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  // in one piece it is read in a third of the time
  alias: { '@peculiar/x509': path.join(ROOT, 'node_modules/@peculiar/x509/build/x509.es.js') },
  // native, or loaded by oclif itself
  external: ['lmdb', 'spdy-transport', '@oclif/plugin-*', '#generated/*'],
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
