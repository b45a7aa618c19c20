// Where apps read from: the repository that was opened, as it was opened or at another ref; and others, which are fetched.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { normalised } from '../../../src/reconcile/apps/repositories.ts';
import { renderSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import type { SourceSpec } from '../../../src/reconcile/source/source.ts';
import { serve } from '../source/git-server.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-repositories-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const git = (repository: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', path.join(root, repository), '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' },
  });
function write(repository: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, repository, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
}
function commit(repository: string, files: Readonly<Record<string, string>>): void {
  write(repository, files);
  if (!fs.existsSync(path.join(root, repository, '.git'))) git(repository, 'init', '-q', '-b', 'trunk');
  git(repository, 'add', '-A');
  git(repository, 'commit', '-qm', 'x');
}
const configMap = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: "${value}"}\n`;
const app = (source: string): string => `apps:\n- {name: web, path: web, source: {${source}}}\n`;

/** What the app's ConfigMap says, or the faults. */
async function value(spec: SourceSpec): Promise<unknown> {
  const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(root, 'cache') };
  const { apps = [] } = await renderSource(spec, deps, { name: 'x' });
  const [{ rendered } = { rendered: undefined }] = apps;
  return rendered?.errors.length ? rendered.errors.map(({ message }) => message) : rendered?.manifests.map(({ object }) => object.data);
}

describe('the repository that was opened', () => {
  beforeEach(() => {
    commit('own', { 'web/web.yaml': configMap('one') });
    git('own', 'tag', 'v1');
    commit('own', { 'web/web.yaml': configMap('two') });
    git('own', 'remote', 'add', 'origin', 'git@github.com:acme/own.git');
    write('own', { 'web/web.yaml': configMap('three, not committed') });
  });
  const read = (source: string, spec: Partial<SourceSpec> = {}): Promise<unknown> => {
    write('own', { 'jibe.yaml': app(source) });
    if (spec.ref !== undefined) {
      git('own', 'add', 'jibe.yaml');
      git('own', 'commit', '-qm', 'jibe', 'jibe.yaml');
    }
    return value({ location: path.join(root, 'own'), ...spec });
  };

  test.each([
    ['without a word about it, as it lies on disk', '', 'three, not committed'],
    ['by a dot', 'url: .', 'three, not committed'],
    ['by its remote in another spelling', 'url: "https://github.com/acme/own"', 'three, not committed'],
    ['at the branch that is checked out', 'url: "https://github.com/acme/own", ref: trunk', 'three, not committed'],
    ['at what people call the main branch', 'ref: main', 'three, not committed'],
    ['at a tag', 'ref: v1', 'one'],
    ['at a branch by its whole name, seen from a tag', 'ref: refs/heads/trunk', 'three, not committed'],
  ])('%s', async (_, source, expected) => {
    expect(await read(source)).toEqual([{ value: expected }]);
  });

  test('opened at a commit is read at that commit', async () => {
    expect(await read('', { ref: 'trunk' })).toEqual([{ value: 'two' }]);
    expect(await read('ref: v1', { ref: 'trunk' })).toEqual([{ value: 'one' }]);
  });

  test('at a ref that is not there', async () => {
    expect(await read('ref: v9')).toEqual([expect.stringContaining('there is no revision v9')]);
  });
});

test('another repository is fetched', async () => {
  commit('other', { 'web/web.yaml': configMap('other') });
  git('other', 'tag', 'v1.2.0');
  const server = await serve(root);
  commit('own', { 'jibe.yaml': app(`url: "${server.url}/other/.git", ref: "1.x"`) });
  expect(await value({ location: path.join(root, 'own') })).toEqual([{ value: 'other' }]);
});

test.each([
  ['a directory of the machine', '/etc'],
  ['a file URL', 'file:///etc'],
  ['what leads out of the repository', '../other'],
])('refused: %s', async (_, url) => {
  commit('own', { 'jibe.yaml': app(`url: "${url}"`) });
  expect(await value({ location: path.join(root, 'own') })).toEqual([expect.stringContaining('no other files of this machine')]);
});

test.each([
  ['git@github.com:Acme/Own.git', 'github.com/acme/own'],
  ['https://user:token@github.com/acme/own/', 'github.com/acme/own'],
  ['ssh://git@github.com:22/acme/own', 'github.com/acme/own'],
  ['/srv/git/own.git', '/srv/git/own'],
])('one text for all ways to write an address: %s', (url, expected) => {
  expect(normalised(url)).toBe(expected);
});
