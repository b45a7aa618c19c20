// Runs what `scripts/build.mjs` made: oclif, and all commands, each one script that is compiled with what an earlier run has left of its
// compilation. That is a quarter of the time of a preview. Later versions of Node do it by module.enableCompileCache(), whose variables
// count here too: NODE_COMPILE_CACHE says where, NODE_DISABLE_COMPILE_CACHE=1 that not at all.
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const v8 = require('node:v8');
const vm = require('node:vm');
const { crc32 } = require('node:zlib');

const CODE = path.join(__dirname, '../dist/code');

/** A run that took so much more of a processor than the one that left the cache has compiled more: it leaves a better one. */
const WORTH_RENEWING = 1.3;

/** What is older is of a version that has gone, or is soon made again. */
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;

// Most commands end before it pays to optimize: three times as patient, a preview takes a quarter less of a processor, and what runs for
// long is no slower. Before anything is compiled, for it is part of what a cache is good for.
v8.setFlagsFromString('--interrupt-budget=400000');

const scripts = new Map();

/**
 * What a script exports.
 * @param name `oclif` or `commands`
 * @param purpose what it is to run: what is compiled for one is kept apart from what is for another
 * @param provided modules that are loaded already and are not to be there twice, by the name under which they are required
 */
function script(name, purpose, provided = {}) {
  if (!scripts.has(name)) scripts.set(name, evaluate(path.join(CODE, `${name}.cjs`), purpose, provided));
  return scripts.get(name);
}

/** The module of a command, as `cluster/start`. */
function command(entry) {
  return script('commands', entry, { '@oclif/core': script('oclif', 'oclif').core }).entries[entry]();
}

function evaluate(file, purpose, provided) {
  const source = built(file);
  const cache = cacheOf(source, purpose);
  const compiled = new vm.Script(source, { filename: file, cachedData: cache?.data });
  if (cache) process.once('exit', () => keep(compiled, cache));
  const own = createRequire(file);
  // oclif names the modules of plugins by their URLs
  const load = (id) => provided[id] ?? own(id.startsWith('file:') ? fileURLToPath(id) : id);
  const requireFrom = Object.assign(load, own);
  const loaded = { exports: {} };
  compiled.runInThisContext()(loaded.exports, requireFrom, loaded, file, CODE);
  return loaded.exports;
}

/** What `npm ci` leaves; a checkout may lack it. */
function built(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    process.stderr.write('error: jibe has not been built\n  hint: npm ci builds it, and so does npm run build\n');
    process.exit(2);
  }
}

/** @returns undefined where there is to be none */
function cacheOf(source, purpose) {
  const place = process.env.NODE_COMPILE_CACHE || userCache();
  if (!place || process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const directory = path.join(place, 'jibe');
  const id = source.slice(2, 34);
  const name = [purpose.replaceAll('/', '-'), process.version, process.arch, id].join('-');
  return { directory, name, ...unpacked(readCache(path.join(directory, name))) };
}

/** Before V8's own data: the CPU time of the run that left it, in milliseconds, and a checksum, for V8 trusts what it reads. */
const HEAD_BYTES = 12;

function packed(cpuMs, data) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeDoubleLE(cpuMs, 0);
  head.writeUInt32LE(crc32(data), 8);
  return Buffer.concat([head, data]);
}

function unpacked(content) {
  if (!content || content.length < HEAD_BYTES) return undefined;
  const data = content.subarray(HEAD_BYTES);
  return content.readUInt32LE(8) === crc32(data) ? { data, cpuMs: content.readDoubleLE(0) } : undefined;
}

/** Nobody else may have written it: what it holds is run. */
function readCache(file) {
  let descriptor;
  try {
    descriptor = fs.openSync(file, 'r');
    const { uid, mode } = fs.fstatSync(descriptor);
    if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    return fs.readFileSync(descriptor);
  } catch {
    // none yet, or none that can be read: the script is compiled anew
    return undefined;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function keep(compiled, { directory, name, data, cpuMs }) {
  const { user, system } = process.cpuUsage();
  const now = (user + system) / 1000;
  if (data && !compiled.cachedDataRejected && now < cpuMs * WORTH_RENEWING) return;
  const temporary = path.join(directory, `${name}.${process.pid}`);
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    fs.writeFileSync(temporary, packed(now, compiled.createCachedData()), { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, path.join(directory, name));
    for (const file of fs.readdirSync(directory)) dropOld(path.join(directory, file));
  } catch {
    // a disk that is full or may not be written to costs the next run its head start, and nothing else
    if (fs.existsSync(temporary)) fs.rmSync(temporary, { force: true });
  }
}

function dropOld(file) {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found && Date.now() - found.mtimeMs > MAX_AGE_MS) fs.rmSync(file, { force: true });
}

/** @returns undefined for a user who has no place of their own, as in some containers */
function userCache() {
  const { env, platform } = process;
  if (platform === 'win32') return env.LOCALAPPDATA;
  if (platform === 'darwin') return env.HOME && path.join(env.HOME, 'Library/Caches');
  return env.XDG_CACHE_HOME || (env.HOME && path.join(env.HOME, '.cache'));
}

module.exports = { script, command };
