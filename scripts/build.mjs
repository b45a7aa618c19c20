// Builds dist/: all commands in one script, of which a compilation can be kept (bin/load.cjs), one small entry a command, oclif, and oclif's
// manifest, so that nothing is loaded that does not run.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
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
await script('commands', {
  stdin: {
    contents: `export const entries = {${entries.map((entry) => `'${entry}': () => require(${JSON.stringify(sourceOf(entry))})`).join(',\n')}};`,
    resolveDir: ROOT,
  },
  // in one piece it is read in a third of the time
  alias: { '@peculiar/x509': path.join(ROOT, 'node_modules/@peculiar/x509/build/x509.es.js') },
  // native, or there already
  external: ['lmdb', 'spdy-transport', '@oclif/core', '#generated/*'],
});
await script('oclif', { entryPoints: [path.join(ROOT, 'scripts/oclif.mjs')], external: ['@oclif/plugin-*'] });

/** A function, as bin/load.cjs calls it, in ASCII: of that a byte is a character, and nothing needs to be decoded. */
async function script(name, options) {
  const outfile = path.join(OUT, `code/${name}.cjs`);
  const head = '(function (exports, require, module, __filename, __dirname) {';
  const { outputFiles } = await build({
    ...COMMON,
    ...options,
    outfile,
    write: false,
    define: { 'import.meta.url': '__url' },
    banner: { js: `${head}const __url = require('node:url').pathToFileURL(__filename).href;` },
    footer: { js: '})' },
  });
  fs.mkdirSync(path.dirname(outfile), { recursive: true });
  for (const { path: file, text } of outputFiles) fs.writeFileSync(file, file === outfile ? named(escaped(text)) : text);
}

/** It begins with what tells it from any other: npm gives all files the same time, and V8 looks at nothing but the length. */
function named(text) {
  return `/*${createHash('sha256').update(text).digest('hex').slice(0, 32)}*/${text}`;
}

/** What esbuild leaves as it is: regular expressions. */
function escaped(text) {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

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
