// Runs the git program: for what isomorphic-git cannot read or reach. It never asks questions, runs no hooks, and speaks only the
// protocols that it is told to. As for git itself, the configuration of a local repository is trusted, its contents are not.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { devNull } from 'node:os';
import type { Clock } from '../../../apimachinery/clock.ts';
import { REMOTE_TIMEOUT_MS } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import { redacted } from './url.ts';

export interface GitCommand {
  readonly gitDirectory?: string;
  readonly args: readonly string[];
  /** Protocols that may be spoken, `:` between them; none unless given. */
  readonly protocol?: string;
  /** Exit codes that are answers and no failures; 0 alone unless given. */
  readonly answers?: readonly number[];
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Variables that would lead git to another repository than the one that is named. */
const MISLEADING =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|CEILING_DIRECTORIES)$/;

/** Starts git. Its errors of all kinds come as events of the process. */
export function startGit({ gitDirectory, args, protocol, env: further }: GitCommand): ChildProcessWithoutNullStreams {
  const env: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !MISLEADING.test(name)));
  env.GIT_TERMINAL_PROMPT = '0';
  env.GIT_OPTIONAL_LOCKS = '0';
  env.GIT_ALLOW_PROTOCOL = protocol ?? 'none';
  env.GIT_SSH_COMMAND ??= 'ssh -oBatchMode=yes';
  env.LC_ALL = 'C';
  Object.assign(env, further);
  const safe = ['-c', 'core.fsmonitor=false', '-c', `core.hooksPath=${devNull}`, '-c', 'gc.auto=0'];
  return spawn('git', [...(gitDirectory ? [`--git-dir=${gitDirectory}`] : []), ...safe, ...args], { env, stdio: 'pipe' });
}

/** What git prints is kept up to here. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs git to its end. @returns what it printed. Throws {@link SourceError}; `where` is what the error speaks of */
export function runGit(command: GitCommand, where: string, clock: Clock): Promise<string> {
  return clock.hold(
    new Promise((resolve, reject) => {
      const child = startGit(command);
      const output: Buffer[] = [];
      let size = 0;
      let complaint = '';
      const timer = clock.schedule(REMOTE_TIMEOUT_MS, () => child.kill('SIGKILL'), { background: true });
      child.stdin.end();
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
        else output.push(chunk);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        if (complaint.length < 4096) complaint += chunk.toString();
      });
      child.on('error', (error) => {
        timer.cancel();
        reject(startError(error, where));
      });
      child.on('close', (code, signal) => {
        timer.cancel();
        if (code !== null && (command.answers ?? [0]).includes(code)) resolve(Buffer.concat(output).toString());
        else reject(failure(complaint, where, signal));
      });
    }),
  );
}

export function startError(error: Error, where: string): SourceError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new SourceError(
      'GitMissing',
      where,
      'only the git program can read this, and it was not found',
      'install git, or put it on the PATH',
      error,
    );
  return new SourceError('GitFailed', where, 'the git program could not be started', undefined, error);
}

/** What git complained of, in our terms. */
function failure(complaint: string, where: string, signal: string | null): SourceError {
  const text = redacted(complaint.trim());
  if (signal)
    return new SourceError('Unreachable', where, `git was stopped: it took more than ${REMOTE_TIMEOUT_MS / 1000} s or printed too much`);
  if (/dubious ownership/.test(text))
    return new SourceError(
      'Unreadable',
      where,
      'the repository belongs to another user',
      `git config --global --add safe.directory ${where}`,
    );
  if (/Permission denied|Authentication failed|could not read Username|terminal prompts disabled/i.test(text))
    return new SourceError(
      'Unauthorized',
      where,
      `access was denied: ${reasonIn(text)}`,
      'check the key or the token, and that it may read the repository',
    );
  if (/not found|does not exist|does not appear to be a git repository/i.test(text))
    return new SourceError('NotFound', where, `there is no such repository: ${reasonIn(text)}`, 'check the address');
  if (/Could not resolve|Connection (?:refused|timed out|closed|reset)|unable to access|Host key verification failed/i.test(text))
    return new SourceError('Unreachable', where, `the remote cannot be reached: ${reasonIn(text)}`);
  return new SourceError('GitFailed', where, `git failed: ${reasonIn(text) || 'it gave no reason'}`);
}

/** The line that tells most: the first that git calls an error. */
const reasonIn = (text: string): string => (/^(?:fatal|error): (.*)$/m.exec(text)?.[1] ?? text.split('\n').at(-1) ?? '').slice(0, 300);
