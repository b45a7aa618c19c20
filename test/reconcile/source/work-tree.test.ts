// Which commit a directory is said to be, and when it is dirty.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { SourceSpec } from '../../../src/reconcile/source/source.ts';
import { commit, git, opened, repository, scratch, write } from './scratch.ts';

const FILES = { 'a.yaml': 'a1', 'apps/web.yaml': 'web', 'apps/link.yaml': '-> web.yaml', 'README.md': 'r' };

const at = (location: string, ...name: readonly string[]): string => path.join(location, ...name);

type Row = readonly [name: string, change: (location: string) => unknown, dirty: boolean, spec?: Omit<SourceSpec, 'location'>];

const rows: readonly Row[] = [
  ['nothing', () => {}, false],
  ['a file written', (l) => fs.writeFileSync(at(l, 'a.yaml'), 'longer'), true],
  ['a file of the same size written', (l) => fs.writeFileSync(at(l, 'a.yaml'), 'a2'), true],
  ['a file written as it was', (l) => fs.writeFileSync(at(l, 'a.yaml'), 'a1'), false],
  ['a file touched', (l) => fs.utimesSync(at(l, 'a.yaml'), 1, 1), false],
  ['a file added', (l) => write(l, { 'n.yaml': 'n' }), true],
  ['a file added that git ignores', (l) => commit(write(l, { '.gitignore': 'n.yaml' })) && write(l, { 'n.yaml': 'n' }), true],
  ['a file removed', (l) => fs.rmSync(at(l, 'a.yaml')), true],
  ['a file renamed', (l) => fs.renameSync(at(l, 'a.yaml'), at(l, 'b.yaml')), true],
  ['a change that is staged', (l) => (write(l, { 'a.yaml': 'a2' }), git(l, 'add', 'a.yaml')), true],
  ['a change that is committed', (l) => commit(write(l, { 'a.yaml': 'a2' })), false],
  ['a link led elsewhere', (l) => (fs.rmSync(at(l, 'apps/link.yaml')), fs.symlinkSync('../a.yaml', at(l, 'apps/link.yaml'))), true],
  ['a change outside of the path', (l) => fs.writeFileSync(at(l, 'a.yaml'), 'a2'), false, { path: 'apps' }],
  ['a change to what was not chosen', (l) => fs.writeFileSync(at(l, 'README.md'), 'more'), false, { include: ['*.yaml'] }],
  ['a path that the commit does not have', (l) => write(l, { 'new/n.yaml': 'n' }), true, { path: 'new' }],
  ['an index that is lost', (l) => fs.rmSync(at(l, '.git/index')), false],
  ['an index of version 4', (l) => git(l, 'update-index', '--index-version=4'), false],
  [
    'an index of version 4, and a change',
    (l) => (git(l, 'update-index', '--index-version=4'), fs.writeFileSync(at(l, 'a.yaml'), 'a2')),
    true,
  ],
  ['objects in a pack', (l) => git(l, 'gc', '--quiet'), false],
];

test.each(rows.map(([name, change, dirty, spec = {}]) => ({ name, change, dirty, spec })))('$name', async ({ change, dirty, spec }) => {
  const location = repository(FILES);
  change(location);
  const revision = git(location, 'rev-parse', 'HEAD');
  expect(await opened({ location, ...spec }, (snapshot) => ({ revision: snapshot.revision, dirty: snapshot.dirty }))).toEqual({
    revision,
    dirty,
  });
});

test('a directory inside the work tree', async () => {
  const location = repository(FILES);
  const revision = git(location, 'rev-parse', 'HEAD');
  fs.writeFileSync(at(location, 'a.yaml'), 'a2');
  expect(await opened({ location: at(location, 'apps') }, ({ revision, dirty }) => ({ revision, dirty }))).toEqual({
    revision,
    dirty: false,
  });
  expect(await opened({ location }, ({ revision, dirty }) => ({ revision, dirty }))).toEqual({ revision, dirty: true });
});

test.each([
  ['a linked work tree', (l: string) => [git(l, 'worktree', 'add', '--quiet', at(l, '../linked')), at(l, '../linked')][1]!],
  ['SHA-256', () => repository(FILES, '--object-format=sha256')],
])('%s', async (_, make) => {
  const inner = path.join(scratch(), 'inner');
  fs.cpSync(repository(FILES), inner, { recursive: true, preserveTimestamps: true });
  const location = make(inner);
  const revision = git(location, 'rev-parse', 'HEAD');
  expect(await opened({ location }, ({ revision, dirty }) => ({ revision, dirty }))).toEqual({ revision, dirty: false });
  fs.writeFileSync(at(location, 'a.yaml'), 'a2');
  expect(await opened({ location }, ({ revision, dirty }) => ({ revision, dirty }))).toEqual({ revision, dirty: true });
});

test('a repository that is broken vouches for nothing, and the files are read all the same', async () => {
  const location = repository(FILES);
  fs.rmSync(at(location, '.git/objects'), { recursive: true });
  fs.mkdirSync(at(location, '.git/objects'));
  await opened({ location }, ({ revision, dirty, files }) => {
    expect({ revision, dirty, files: files.length }).toEqual({ revision: null, dirty: false, files: 4 });
  });
});
