// A session at the command line in one text file: commands, what they print, and how they end, with the files they work on.
//
//   # what it shows
//   $ jibe validate web.yaml
//   web.yaml:3:5: error: ...        standard output
//   ! error: ...                    standard error
//   [exit 1]                        where it is not 0
//   -- web.yaml --
//   apiVersion: ...
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export interface Session {
  readonly script: readonly string[];
  readonly files: ReadonlyMap<string, string>;
  readonly filesText: string;
}

export function parseSession(text: string): Session {
  const start = text.search(/^-- .+ --$/m);
  const filesText = start < 0 ? '' : text.slice(start);
  const files = new Map<string, string>();
  const parts = filesText.split(/^-- (.+) --\n/m).slice(1);
  for (let i = 0; i < parts.length; i += 2) files.set(parts[i]!.trim(), parts[i + 1] ?? '');
  return { script: (start < 0 ? text : text.slice(0, start)).split('\n'), files, filesText };
}

/** Runs the session's commands in a directory of their own. @returns the session's text as it really went */
export async function runSession(
  { script, files, filesText }: Session,
  directory: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  for (const [name, content] of files) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  const out: string[] = [];
  for (const [i, line] of script.entries()) {
    if (!line.startsWith('$ ')) continue;
    if (out.length) out.push('');
    out.push(...commentsBefore(script, i), line, ...(await run(line.slice(2), directory, env)));
  }
  stopServers(directory);
  return `${out.join('\n')}\n${filesText ? `\n${filesText}` : ''}`;
}

/** What a session that went wrong leaves behind. */
function stopServers(directory: string): void {
  const clusters = path.join(directory, '.jibe/clusters');
  if (!fs.existsSync(clusters)) return;
  for (const name of fs.readdirSync(clusters)) {
    const file = path.join(clusters, name, 'serving.json');
    if (!fs.existsSync(file)) continue;
    const { pid } = JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly pid: number };
    process.kill(pid, 'SIGKILL');
  }
}

/** What stands right above a command; what commands print may begin with `#` too. */
function commentsBefore(script: readonly string[], command: number): readonly string[] {
  let first = command;
  while (script[first - 1]?.startsWith('#')) first--;
  return script.slice(first, command);
}

/** No command of a session takes longer, unless it hangs. */
const COMMAND_TIMEOUT_MS = 60_000;

const BIN = path.resolve('bin/jibe.js');

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

function bash(script: string, directory: string, env: Readonly<Record<string, string | undefined>>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    // all that it started: they hold its output open
    const timeout = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), COMMAND_TIMEOUT_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timeout);
      resolve({ stdout, stderr, status, signal });
    });
  });
}

async function run(command: string, directory: string, extra: Readonly<Record<string, string>>): Promise<string[]> {
  const { stdout, stderr, status, signal } = await bash(
    `set -o pipefail; jibe() { ${process.execPath} ${BIN} "$@"; }\n${command}`,
    directory,
    {
      PATH: process.env['PATH'],
      HOME: directory,
      JIBE_HOME: path.join(directory, '.jibe'),
      // beside what it is of, and for all sessions
      NODE_COMPILE_CACHE: path.resolve('dist/compile-cache'),
      FIXTURES: path.resolve('fixtures'),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
      GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
      ...extra,
    },
  );
  const lines = (text: string, prefix: string): string[] =>
    redacted(text, directory)
      .split('\n')
      .slice(0, text.endsWith('\n') ? -1 : undefined)
      .map((line) => `${prefix}${line}`.trimEnd());
  return [
    ...(stdout ? lines(stdout, '') : []),
    ...(stderr ? lines(stderr, '! ') : []),
    ...(status === 0 ? [] : [`[${signal ? `signal ${signal}` : `exit ${status}`}]`]),
  ];
}

/** What differs from run to run, by stable names. */
function redacted(text: string, directory: string): string {
  return (
    text
      .replaceAll(directory, '<dir>')
      .replaceAll(path.resolve('fixtures'), '<fixtures>')
      .replace(/("durationMs"): \d+/g, '$1: "<ms>"')
      .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
      .replace(/ at [0-9a-f]{12}(?: and changes)?/g, ' at <commit>')
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
      // in texts that are cut off
      .replace(/\b[0-9a-f]{8}-[0-9a-f-]*…/g, '<uid>…')
      .replace(/\bprocess \d+/g, 'process <pid>')
      .replace(/\b\d+ writes in \w+, [0-9a-f]{12}\b/g, '<n> writes in <time>, <fingerprint>')
      .replace(/\b([IWE])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (?=\w+\.go:)/g, '$1<log> ')
      .replace(/\b(simulated:\/\/)[0-9a-f]{64}\b/g, '$1<id>')
      .replace(/\b127\.0\.0\.1:\d{4,5}\b/g, '127.0.0.1:<port>')
      .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b(?=[^-])/g, '-<suffix>')
  );
}
