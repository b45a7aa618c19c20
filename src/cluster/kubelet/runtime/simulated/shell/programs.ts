// The programs that a simulated container has: small, plain, and as their options are used most. What is not here is not found.
import path from 'node:path/posix';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Clock } from '../../../../../apimachinery/clock.ts';
import { sleepSeconds } from '../commands.ts';
import { FileError, type MountedFiles } from './file-system.ts';
import { readTar, writeTar, type TarEntry } from './tar.ts';

export interface ProgramContext {
  readonly clock: Clock;
  readonly env: Map<string, string>;
  readonly files: MountedFiles;
  readonly hostname: string;
  cwd: string;
  /** All of the input; resolves when it has ended. */
  input(): Promise<Uint8Array>;
  out(data: string | Uint8Array): void;
  err(text: string): void;
  readonly signal: AbortSignal;
}

/** @returns the exit code */
export type Program = (args: readonly string[], context: ProgramContext) => number | Promise<number>;

const resolve = (context: ProgramContext, name: string): string => path.resolve(context.cwd, name);

/** Runs for each of the files; what fails is told and the rest goes on. */
function each(context: ProgramContext, program: string, names: readonly string[], one: (at: string, name: string) => void): number {
  let code = 0;
  for (const name of names) {
    try {
      one(resolve(context, name), name);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      context.err(`${program}: ${name}: ${error.message}\n`);
      code = 1;
    }
  }
  return code;
}

const plain = (args: readonly string[]): string[] => args.filter((arg) => !arg.startsWith('-'));
const has = (args: readonly string[], letter: string): boolean => args.some((arg) => /^-[a-zA-Z]+$/.test(arg) && arg.includes(letter));

const printenv: Program = (args, { env, out }) => {
  if (args.length === 0) {
    for (const [name, value] of env) out(`${name}=${value}\n`);
    return 0;
  }
  const values = args.map((name) => env.get(name));
  for (const value of values) if (value !== undefined) out(`${value}\n`);
  return values.includes(undefined) ? 1 : 0;
};

const echo: Program = (args, { out }) => {
  const noNewline = args[0] === '-n';
  out(`${args.slice(noNewline || args[0] === '-e' ? 1 : 0).join(' ')}${noNewline ? '' : '\n'}`);
  return 0;
};

async function cat(args: readonly string[], context: ProgramContext): Promise<number> {
  const names = plain(args);
  if (names.length === 0) {
    context.out(await context.input());
    return 0;
  }
  return each(context, 'cat', names, (at) => context.out(context.files.read(at)));
}

const ls: Program = (args, context) => {
  const names = plain(args);
  const { files, out } = context;
  return each(context, 'ls', names.length ? names : ['.'], (at, name) => {
    if (files.isFile(at)) return out(`${name}\n`);
    const hidden = has(args, 'a');
    for (const entry of files.list(at).filter((one) => hidden || !one.startsWith('.'))) {
      const inside = path.join(at, entry);
      const size = files.isFile(inside) ? files.read(inside).length : 4096;
      out(
        has(args, 'l')
          ? `${files.isDirectory(inside) ? 'drwxr-xr-x' : '-rw-r--r--'} 1 root root ${String(size).padStart(8)} ${entry}\n`
          : `${entry}\n`,
      );
    }
  });
};

/** `test` and `[`, with one or two operands. */
const test: Program = (all, context) => {
  const args = all.at(-1) === ']' ? all.slice(0, -1) : all;
  if (args[0] === '!') return (test(args.slice(1), context) as number) === 0 ? 1 : 0;
  const { files } = context;
  const [a = '', b = '', c = ''] = args;
  const at = resolve(context, b);
  const unary: Readonly<Record<string, () => boolean>> = {
    '-e': () => files.exists(at),
    '-f': () => files.isFile(at),
    '-d': () => files.isDirectory(at),
    '-s': () => files.isFile(at) && files.read(at).length > 0,
    '-n': () => b !== '',
    '-z': () => b === '',
  };
  const binary: Readonly<Record<string, () => boolean>> = {
    '=': () => a === c,
    '==': () => a === c,
    '!=': () => a !== c,
    '-eq': () => Number(a) === Number(c),
    '-ne': () => Number(a) !== Number(c),
    '-gt': () => Number(a) > Number(c),
    '-lt': () => Number(a) < Number(c),
    '-ge': () => Number(a) >= Number(c),
    '-le': () => Number(a) <= Number(c),
  };
  const holds = args.length === 1 ? a !== '' : args.length === 2 ? unary[a]?.() : binary[b]?.();
  return holds ? 0 : holds === undefined ? 2 : 1;
};

const sleep: Program = async (args, { clock, signal, err }) => {
  const seconds = args.reduce((sum, text) => sum + sleepSeconds(text), 0);
  if (args.length === 0 || Number.isNaN(seconds)) {
    err(`sleep: invalid number '${args.join(' ')}'\n`);
    return 1;
  }
  const ended = await clock
    .sleep(seconds === Infinity ? Number.MAX_SAFE_INTEGER : seconds * 1000, { signal, background: seconds > 300 })
    .then(
      () => true,
      () => false,
    );
  return ended ? 0 : 143;
};

/** Directory and file names of an archive never lead out of where it is unpacked. */
const inside = (base: string, name: string): string => path.join(base, path.join('/', name));

/** An archive is held in memory. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 20;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

const tar: Program = async (args, context) => {
  const { files, out, err, clock } = context;
  const flags = args.find((arg) => /^-?[a-z]+$/.test(arg)) ?? '';
  const at = args.indexOf('-C');
  const base = resolve(context, at < 0 ? '.' : (args[at + 1] ?? '.'));
  const file = args[args.indexOf(flags) + 1] ?? '-';
  if (flags.includes('x')) {
    const archive = file === '-' ? await context.input() : files.read(resolve(context, file));
    for (const entry of readTar(isGzip(archive) ? gunzipSync(archive, { maxOutputLength: MAX_UNPACKED_BYTES }) : archive)) {
      const target = inside(base, entry.name);
      if (entry.directory) files.makeDirectory(target.replace(/\/$/, ''), true);
      else {
        files.makeDirectory(path.dirname(target), true);
        files.write(target, Uint8Array.from(entry.content));
      }
    }
    return 0;
  }
  const names = args
    .slice(args.indexOf(flags) + 1)
    .filter((arg, i, rest) => arg !== '-' && arg !== '-C' && rest[i - 1] !== '-C' && arg !== file);
  const wanted = file === '-' || !flags.includes('f') ? names : names.filter((name) => name !== file);
  const entries: TarEntry[] = [];
  for (const name of wanted) {
    const from = path.resolve(base, name);
    const found = files.below(from);
    if (found.length === 0) {
      err(`tar: ${name}: Cannot stat: No such file or directory\n`);
      return 2;
    }
    // names are kept as they were given, but for a slash at the front
    const root = path.isAbsolute(name) ? '/' : base;
    for (const one of found) entries.push({ name: path.relative(root, one), directory: false, content: files.read(one) });
  }
  const archive = writeTar(entries, clock.now() / 1000);
  out(flags.includes('z') ? gzipSync(archive) : archive);
  return 0;
};

const remove: Program = (args, context) => {
  const force = has(args, 'f');
  const names = plain(args).filter((name) => !force || context.files.exists(resolve(context, name)));
  return each(context, 'rm', names, (at) => context.files.remove(at, has(args, 'r') || has(args, 'R')));
};

const lines = async (
  args: readonly string[],
  context: ProgramContext,
  pick: (all: string[], count: number) => string[],
): Promise<number> => {
  const at = args.findIndex((arg) => /^-n?\d*$/.test(arg));
  const count = at < 0 ? 10 : Number(args[at]!.replace(/^-n?/, '') || args[at + 1]);
  const names = plain(args).filter((arg) => !/^\d+$/.test(arg));
  const content = names.length ? context.files.read(resolve(context, names[0]!)) : await context.input();
  const all = Buffer.from(content).toString('utf8').split('\n');
  if (all.at(-1) === '') all.pop();
  for (const line of pick(all, count)) context.out(`${line}\n`);
  return 0;
};

const grep: Program = async (args, context) => {
  const [pattern = '', ...names] = plain(args);
  const contents = names.length ? names.map((name) => context.files.read(resolve(context, name))) : [await context.input()];
  const wanted = has(args, 'i') ? pattern.toLowerCase() : pattern;
  let found = false;
  for (const line of contents.flatMap((content) => Buffer.from(content).toString('utf8').split('\n'))) {
    if ((has(args, 'i') ? line.toLowerCase() : line).includes(wanted) === has(args, 'v') || line === '') continue;
    found = true;
    if (!has(args, 'q')) context.out(`${line}\n`);
  }
  return found ? 0 : 1;
};

export const PROGRAMS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['true', () => 0],
  [':', () => 0],
  ['false', () => 1],
  ['echo', echo],
  ['printf', ([format = '', ...rest], { out }) => (out(format.replace(/\\n/g, '\n').replace(/%[sd]/g, () => rest.shift() ?? '')), 0)],
  ['env', printenv],
  ['printenv', printenv],
  ['hostname', (_, { hostname, out }) => (out(`${hostname}\n`), 0)],
  ['date', (_, { clock, out }) => (out(`${new Date(clock.now()).toUTCString()}\n`), 0)],
  ['pwd', (_, { cwd, out }) => (out(`${cwd}\n`), 0)],
  ['id', (_, { out }) => (out('uid=0(root) gid=0(root) groups=0(root)\n'), 0)],
  ['whoami', (_, { out }) => (out('root\n'), 0)],
  ['uname', (args, { hostname, out }) => (out(has(args, 'a') ? `Linux ${hostname} 6.1.0 x86_64 GNU/Linux\n` : 'Linux\n'), 0)],
  ['ps', (_, { out }) => (out('PID   USER     TIME  COMMAND\n    1 root      0:00 simulated\n'), 0)],
  ['cat', cat],
  ['ls', ls],
  ['test', test],
  ['[', test],
  ['sleep', sleep],
  [
    'touch',
    (args, context) => each(context, 'touch', plain(args), (at) => context.files.exists(at) || context.files.write(at, new Uint8Array())),
  ],
  ['mkdir', (args, context) => each(context, 'mkdir', plain(args), (at) => context.files.makeDirectory(at, has(args, 'p')))],
  ['rm', remove],
  ['head', (args, context) => lines(args, context, (all, count) => all.slice(0, count))],
  ['tail', (args, context) => lines(args, context, (all, count) => all.slice(-count))],
  ['grep', grep],
  ['tar', tar],
]);
