// Temporary directories and git repositories for tests; they vanish when the test file is done.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { openSource, type SourceDeps, type SourceSpec } from '../../../src/reconcile/source/source.ts';
import type { Snapshot } from '../../../src/reconcile/source/snapshot.ts';
import { SourceError } from '../../../src/reconcile/source/source-error.ts';

const made: string[] = [];

afterAll(() => {
  for (const directory of made.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

/** A directory of its own, without links on its path. */
export function scratch(): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-')));
  made.push(directory);
  return directory;
}

/** Text is a file's content; what begins with `-> ` is the target of a link. */
export function write(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (content.startsWith('-> ')) fs.symlinkSync(content.slice('-> '.length), file);
    else fs.writeFileSync(file, content);
  }
  return directory;
}

const ENV = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: os.devNull,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/** Runs git. @returns what it printed, without the last line break */
export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd: directory,
    env: ENV,
    encoding: 'utf8',
    stdio: 'pipe',
  }).replace(/\n$/, '');
}

/** Commits whatever the work tree holds. @returns the commit */
export function commit(directory: string, message = 'change'): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(directory, 'rev-parse', 'HEAD');
}

/** A repository with these files committed. */
export function repository(files: Readonly<Record<string, string>>, ...init: readonly string[]): string {
  const directory = scratch();
  git(directory, 'init', '--quiet', '--initial-branch=main', ...init);
  write(directory, files);
  commit(directory, 'first');
  return directory;
}

export const deps = (given: Partial<SourceDeps> = {}): SourceDeps => ({
  clock: new RealClock(),
  stdin: (async function* () {})(),
  cacheDirectory: path.join(os.tmpdir(), 'jibe-unused'),
  ...given,
});

/** Opens a source for the length of a test's use of it. */
export async function opened<T>(spec: SourceSpec, use: (snapshot: Snapshot) => Promise<T> | T, given?: Partial<SourceDeps>): Promise<T> {
  const snapshot = await openSource(spec, deps(given));
  try {
    return await use(snapshot);
  } finally {
    await snapshot.close();
  }
}

/** The paths of a source's files, and what was refused: `path: code`. */
export async function listed(spec: SourceSpec, given?: Partial<SourceDeps>): Promise<readonly string[]> {
  return opened(
    spec,
    ({ files, refused }) => [...files.map(({ path }) => path), ...refused.map(({ path, error }) => `${path}: ${error.code}`)],
    given,
  );
}

/** A source's files with their text. */
export async function texts(spec: SourceSpec, given?: Partial<SourceDeps>): Promise<Readonly<Record<string, string>>> {
  return opened(
    spec,
    async ({ files }) =>
      Object.fromEntries(await Promise.all(files.map(async (file) => [file.path, Buffer.from(await file.read()).toString()] as const))),
    given,
  );
}

/** The error that opening a source, or something else, ends in. */
export async function errorOf(attempt: Promise<unknown>): Promise<SourceError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('no error');
}
