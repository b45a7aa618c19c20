// Commands that are run in a simulated container: a program by its name, or a shell with what scripts in manifests and people at a prompt
// use most: variables, quotes, `;` `&&` `||`, pipes, `>` and `>>`. Follows the POSIX shell as far as that goes.
import path from 'node:path/posix';
import type { Clock } from '../../../../../apimachinery/clock.ts';
import type { ExecEnd, ExecOptions, ExecSession, OutputName } from '../../../../../apimachinery/node-api.ts';
import type { ContainerView } from '../../../container-view.ts';
import { FileError, type FileSystem, type MountedFiles } from './file-system.ts';
import { PROGRAMS, type ProgramContext } from './programs.ts';

const SHELLS = new Set(['sh', 'bash', 'ash', 'dash']);
const BUILTINS = new Set(['cd', 'exit', 'export', 'exec']);
/** Of what is typed or sent and not yet used, in bytes. */
const MAX_INPUT = 32 * 2 ** 20;
const MAX_SCRIPT = 64 * 1024;

const base = (program: string): string => program.replace(/^(?:\/usr)?(?:\/local)?\/s?bin\//, '');

export interface ShellParts {
  readonly clock: Clock;
  readonly view: ContainerView;
  readonly files: FileSystem;
}

/** A command that runs in a container. */
export class ShellSession implements ExecSession {
  private readonly options: ExecOptions;
  private readonly parts: ShellParts;
  private readonly files: MountedFiles;
  private readonly env: Map<string, string>;
  private readonly ending = new AbortController();
  private readonly input: Uint8Array[] = [];
  private inputBytes = 0;
  private inputEnded: boolean;
  private wake: (() => void) | undefined;
  private output: (name: OutputName, data: Uint8Array) => void = () => undefined;
  private cwd: string;
  private exited: number | undefined;

  constructor(options: ExecOptions, parts: ShellParts) {
    this.options = options;
    this.parts = parts;
    this.files = parts.files.at(parts.view);
    this.env = new Map(parts.view.env);
    if (options.tty) this.env.set('TERM', 'xterm');
    this.cwd = parts.view.workingDir;
    this.inputEnded = !options.stdin;
  }

  /** `exit` was said; not when whoever looked on has gone. */
  get hasExited(): boolean {
    return this.exited !== undefined;
  }

  write(data: Uint8Array): void {
    this.inputBytes += data.length;
    if (this.inputBytes > MAX_INPUT) return this.cancel();
    // what is typed is seen
    if (this.options.tty)
      this.print(
        'stdout',
        Buffer.from(data)
          .toString('utf8')
          .replace(/\r\n?|\n/g, '\r\n'),
      );
    this.input.push(data);
    this.wake?.();
  }

  endInput(): void {
    this.inputEnded = true;
    this.wake?.();
  }

  resize(): void {
    // nothing here looks at the size of the terminal
  }

  cancel(): void {
    this.ending.abort();
    this.endInput();
  }

  async start(output: (name: OutputName, data: Uint8Array) => void): Promise<ExecEnd> {
    this.output = output;
    const [program = '', ...args] = this.options.command;
    if (!SHELLS.has(base(program))) {
      if (!PROGRAMS.has(base(program))) return { failure: missing(program) };
      return { exitCode: await this.runWords([program, ...args], undefined, undefined) };
    }
    const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
    if (flag >= 0) return { exitCode: await this.runScript(args[flag + 1] ?? '') };
    return { exitCode: await this.interact() };
  }

  private print(name: OutputName, text: string | Uint8Array): void {
    if (this.ending.signal.aborted) return;
    const data = typeof text === 'string' ? Buffer.from(this.options.tty ? text.replace(/(?<!\r)\n/g, '\r\n') : text) : text;
    const to = this.options.tty ? 'stdout' : name;
    if (data.length && this.options[to]) this.output(to, data);
  }

  /** Line after line, as they come. */
  private async interact(): Promise<number> {
    let code = 0;
    for (;;) {
      if (this.options.tty) this.print('stdout', `${this.cwd} # `);
      const line = await this.readLine();
      if (line === undefined || this.ending.signal.aborted) return this.exited ?? code;
      code = await this.runScript(line);
      if (this.exited !== undefined) return this.exited;
    }
  }

  private async readLine(): Promise<string | undefined> {
    for (;;) {
      const all = Buffer.concat(this.input);
      const end = all.findIndex((byte) => byte === 10 || byte === 13);
      if (all.includes(4) && this.options.tty) return undefined;
      if (end >= 0) {
        this.input.splice(0, this.input.length, all.subarray(end + 1));
        this.inputBytes = all.length - end - 1;
        return all.subarray(0, end).toString('utf8');
      }
      if (this.inputEnded) {
        this.input.length = 0;
        return all.length ? all.toString('utf8') : undefined;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private async readAll(): Promise<Uint8Array> {
    while (!this.inputEnded) await new Promise<void>((resolve) => (this.wake = resolve));
    return Buffer.concat(this.input.splice(0));
  }

  private async runScript(script: string): Promise<number> {
    if (script.length > MAX_SCRIPT) return this.complain('script too long', 2);
    let code = 0;
    let joint = ';';
    for (const { text, next } of statements(script)) {
      const skipped = (joint === '&&' && code !== 0) || (joint === '||' && code === 0);
      if (text.trim() && !skipped) {
        this.env.set('?', String(code));
        code = await this.runPipeline(text);
      }
      if (this.exited !== undefined || this.ending.signal.aborted) return this.exited ?? 143;
      joint = next;
    }
    return code;
  }

  private async runPipeline(text: string): Promise<number> {
    let input: Uint8Array | undefined;
    let code = 0;
    const stages = split(text, /^\|(?!\|)/);
    for (const [i, stage] of stages.entries()) {
      const { words, redirect } = parseWords(stage, this.env);
      const collected: Uint8Array[] = [];
      const collect = i < stages.length - 1 || redirect ? collected : undefined;
      code = await this.runWords(words, input, collect);
      input = Buffer.concat(collected);
      if (redirect) code = this.redirected(redirect, input) || code;
    }
    return code;
  }

  private redirected({ file, append }: Redirect, content: Uint8Array): number {
    if (file === '/dev/null') return 0;
    if (file === '/dev/stderr') {
      this.print('stderr', content);
      return 0;
    }
    const at = path.resolve(this.cwd, file);
    try {
      const before = append && this.files.isFile(at) ? this.files.read(at) : new Uint8Array();
      this.files.write(at, Buffer.concat([before, content]));
      return 0;
    } catch (error) {
      if (error instanceof FileError) return this.complain(`can't create ${file}: ${error.message}`, 1);
      throw error;
    }
  }

  private complain(text: string, code: number): number {
    this.print('stderr', `sh: ${text}\n`);
    return code;
  }

  private async runWords(all: readonly string[], input: Uint8Array | undefined, collect: Uint8Array[] | undefined): Promise<number> {
    const words = all[0] === 'exec' ? all.slice(1) : all;
    const assigned = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    if (assigned !== 0) for (const word of assigned < 0 ? words : words.slice(0, assigned)) this.assign(word);
    if (assigned < 0) return 0;
    const [program = '', ...args] = words.slice(assigned);
    const name = base(program);
    if (BUILTINS.has(name)) return this.builtin(name, args);
    if (SHELLS.has(name)) return this.runScript(args[args.findIndex((arg) => /^-[a-z]*c$/.test(arg)) + 1] ?? '');
    const run = PROGRAMS.get(name);
    if (!run) return this.complain(`${program}: not found`, 127);
    try {
      return await run(args, this.context(input, collect));
    } catch (error) {
      if (error instanceof FileError) return this.complain(`${program}: ${error.message}`, 1);
      throw error;
    }
  }

  private context(input: Uint8Array | undefined, collect: Uint8Array[] | undefined): ProgramContext {
    return {
      clock: this.parts.clock,
      env: this.env,
      files: this.files,
      hostname: this.parts.view.hostname,
      cwd: this.cwd,
      input: () => (input ? Promise.resolve(input) : this.readAll()),
      out: (data) => (collect ? collect.push(typeof data === 'string' ? Buffer.from(data) : data) : this.print('stdout', data)),
      err: (text) => this.print('stderr', text),
      signal: this.ending.signal,
    };
  }

  private assign(word: string): void {
    const at = word.indexOf('=');
    this.env.set(word.slice(0, at), word.slice(at + 1));
  }

  private builtin(name: string, args: readonly string[]): number {
    switch (name) {
      case 'cd': {
        const to = path.resolve(this.cwd, args[0] ?? '/root');
        if (!this.files.isDirectory(to)) return this.complain(`cd: can't cd to ${args[0] ?? ''}: No such file or directory`, 2);
        this.cwd = to;
        return 0;
      }
      case 'export':
        for (const word of args) if (word.includes('=')) this.assign(word);
        return 0;
      default:
        this.exited = Number(args[0] ?? this.env.get('?') ?? 0) & 255;
        return this.exited;
    }
  }
}

/** In the words of runc. */
const missing = (program: string): string =>
  `OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(program)}: ${program.includes('/') ? `stat ${program}: no such file or directory` : 'executable file not found in $PATH'}: unknown`;

interface Redirect {
  readonly file: string;
  readonly append: boolean;
}

/** Splits at a separator that stands outside of quotes. */
function split(text: string, separator: RegExp): string[] {
  const parts: string[] = [''];
  for (let i = 0; i < text.length;) {
    const quoted = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.)/s.exec(text.slice(i));
    const parted = quoted ? null : separator.exec(text.slice(i));
    if (parted) parts.push('');
    else parts[parts.length - 1] += quoted?.[0] ?? text[i]!;
    i += (quoted ?? parted)?.[0].length ?? 1;
  }
  return parts;
}

function statements(script: string): { readonly text: string; readonly next: string }[] {
  const found: { text: string; next: string }[] = [];
  let text = '';
  for (let i = 0; i < script.length;) {
    const rest = script.slice(i);
    const quoted = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.)/s.exec(rest);
    const joint = quoted || text.endsWith('>') ? null : /^(?:;|&&|\|\||\n|&)/.exec(rest);
    if (joint) {
      found.push({ text, next: joint[0] === '&&' || joint[0] === '||' ? joint[0] : ';' });
      text = '';
    } else text += quoted?.[0] ?? script[i]!;
    i += (quoted ?? joint)?.[0].length ?? 1;
  }
  found.push({ text, next: ';' });
  return found;
}

function parseWords(text: string, env: ReadonlyMap<string, string>): { readonly words: string[]; readonly redirect: Redirect | undefined } {
  const words: string[] = [];
  let redirect: Redirect | undefined;
  const variable = (part: string): string =>
    part.replace(
      /\$\{(\w+|\?)(?::-([^}]*))?\}|\$(\w+|\?)/g,
      (_, braced?: string, otherwise?: string, plain?: string) => env.get(braced ?? plain ?? '') ?? otherwise ?? '',
    );
  for (const [token] of text.matchAll(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/gs)) {
    const to = /^(?:1|&)?(>>?)(.*)$/s.exec(token);
    const word = [...token.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)/gs)]
      .map(
        ([, single, double, escaped, plain]) =>
          single ?? (double === undefined ? undefined : variable(double.replace(/\\(["\\$`])/g, '$1'))) ?? escaped ?? variable(plain ?? ''),
      )
      .join('');
    if (/^2>(?:&1|>?\/dev\/null)$/.test(token)) continue;
    if (/^1?>&2$/.test(token)) {
      redirect = { file: '/dev/stderr', append: true };
      continue;
    }
    if (to) redirect = { file: word.replace(/^(?:1|&)?>>?/, ''), append: to[1] === '>>' };
    else if (redirect?.file === '') redirect = { ...redirect, file: word };
    else words.push(word);
  }
  return { words, redirect };
}
