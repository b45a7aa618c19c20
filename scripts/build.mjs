// Builds dist/: all commands in one script, of which a compilation can be kept (bin/load.js), one small entry a command, oclif, and oclif's
// manifest, so that nothing is loaded that does not run.
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

const entries = ['server-process', ...commands.map((file) => path.relative(COMMANDS, file).replace(/\.ts$/, ''))];
const sourceOf = (entry) => path.join(COMMANDS, entry === 'server-process' ? 'shared/server-process.ts' : `${entry}.ts`);

const COMMON = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  // code that comes out of a cache can import nothing
  supported: { 'dynamic-import': false },
  // less to read at each start; names stay, for what a debugger shows
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};

fs.rmSync(path.join(OUT, 'commands'), { recursive: true, force: true });
fs.rmSync(path.join(OUT, 'code'), { recursive: true, force: true });
await build({
  ...COMMON,
  stdin: {
    contents: `export const entries = {${entries.map((entry) => `'${entry}': () => require(${JSON.stringify(sourceOf(entry))})`).join(',\n')}};`,
    resolveDir: ROOT,
  },
  outfile: path.join(OUT, 'code/commands.cjs'),
  // in one piece it is read in a third of the time
  alias: { '@peculiar/x509': path.join(ROOT, 'node_modules/@peculiar/x509/build/x509.es.js') },
  // native, or there already
  external: ['lmdb', 'spdy-transport', '@oclif/core', '#generated/*'],
  define: { 'import.meta.url': '__url' },
  banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
});
await build({
  ...COMMON,
  entryPoints: [path.join(ROOT, 'scripts/oclif.mjs')],
  outfile: path.join(OUT, 'code/oclif.cjs'),
  external: ['@oclif/plugin-*'],
});
for (const entry of entries) {
  const file = path.join(OUT, entry === 'server-process' ? `${entry}.cjs` : `commands/${entry}.cjs`);
  const load = path.relative(path.dirname(file), path.join(ROOT, 'bin/load.cjs'));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const run =
    entry === 'server-process'
      ? `void script('commands', 'server').entries['server-process']().main();`
      : `exports.default = command('${entry}').default;`;
  fs.writeFileSync(file, `const { command, script } = require('${load}');\n${run}\n`);
}
execFileSync(process.execPath, [path.join(ROOT, 'node_modules/oclif/bin/run.js'), 'manifest'], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
  // it would ask the network for a newer version of itself
  env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true', NODE_DISABLE_COMPILE_CACHE: '1' },
});
