// Local repositories at a revision, read without a checkout: by isomorphic-git, and by the git program what that cannot read.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beyondIsomorphicGit, findRepository } from '../../../src/reconcile/source/git/find-repository.ts';
import { IsomorphicObjects } from '../../../src/reconcile/source/git/isomorphic-objects.ts';
import { ObjectSizes } from '../../../src/reconcile/source/git/object-size.ts';
import type { Snapshot } from '../../../src/reconcile/source/snapshot.ts';
import { openSource, type SourceDeps } from '../../../src/reconcile/source/source.ts';
import { commit, deps, errorOf, git, listed, opened, repository, scratch, texts, write } from './scratch.ts';

const FILES = { 'a.yaml': 'a', 'apps/web.yaml': 'web', 'apps/db/x.yml': 'x', 'README.md': 'r' };

/** What kinds of repositories there are, each made from the same two commits; whether isomorphic-git reads it. */
const KINDS: readonly (readonly [name: string, make: () => string, isomorphic: boolean])[] = [
  ['loose objects', () => two(), true],
  ['a pack', () => packed(two()), true],
  ['a bare clone', () => clone(two(), '--bare'), true],
  ['a linked work tree', () => linked(two()), true],
  ['a submodule’s own repository', () => submodule(two()), true],
  ['SHA-256', () => two('--object-format=sha256'), false],
  ['borrowed objects', () => clone(two(), '--shared'), false],
  ['a partial clone', () => clone(two(), '--filter=blob:none', '--no-local'), false],
];

function two(...init: readonly string[]): string {
  const directory = repository(FILES, ...init);
  write(directory, { 'a.yaml': 'changed', 'new.yaml': 'new' });
  commit(directory, 'second');
  git(directory, 'config', 'uploadpack.allowFilter', 'true');
  return directory;
}

function packed(directory: string): string {
  git(directory, 'gc', '--quiet');
  return directory;
}

function clone(from: string, ...options: readonly string[]): string {
  const to = path.join(scratch(), 'clone');
  git(from, 'clone', '--quiet', ...options, options.includes('--no-local') ? `file://${from}` : from, to);
  return to;
}

function linked(from: string): string {
  const to = path.join(scratch(), 'linked');
  git(from, 'worktree', 'add', '--quiet', '-b', 'side', to);
  return to;
}

function submodule(inner: string): string {
  const outer = repository({ 'o.yaml': 'o' });
  git(outer, 'submodule', '--quiet', 'add', inner, 'inner');
  return path.join(outer, 'inner');
}

describe.each(KINDS)('a repository with %s', (_, make, isomorphic) => {
  test('is read by the reader that can', async () => {
    expect((await beyondIsomorphicGit((await findRepository(make()))!)) === undefined).toBe(isomorphic);
  });

  test('its newest commit', async () => {
    const location = make();
    await opened({ location, ref: 'HEAD' }, async (snapshot) => {
      expect(snapshot).toMatchObject({
        type: 'git',
        location,
        path: '',
        revision: git(location, 'rev-parse', 'HEAD'),
        dirty: false,
        refused: [],
      });
      expect(snapshot.files.map(({ path }) => path)).toEqual(['README.md', 'a.yaml', 'apps/db/x.yml', 'apps/web.yaml', 'new.yaml']);
      const [, a] = snapshot.files;
      expect(Buffer.from(await a!.read()).toString()).toBe('changed');
      expect(a!.oid).toBe(git(location, 'rev-parse', 'HEAD:a.yaml'));
      expect(await snapshot.changed()).toBe(false);
    });
  });

  test('an older commit, by its short id, and a part of it', async () => {
    const location = make();
    const ref = git(location, 'rev-parse', '--short', 'HEAD~1');
    expect(await listed({ location, ref, path: 'apps' })).toEqual(['apps/db/x.yml', 'apps/web.yaml']);
    expect(await listed({ location, ref: 'HEAD~1', exclude: ['*.md'] })).toEqual(['a.yaml', 'apps/db/x.yml', 'apps/web.yaml']);
  });

  test('a revision that is unknown', async () => {
    const location = make();
    expect(await errorOf(openSource({ location, ref: 'nowhere' }, deps()))).toMatchObject({
      code: 'UnknownRef',
      where: location,
      message: 'there is no revision nowhere',
    });
  });
});

describe('revisions', () => {
  const location = two();
  const first = git(location, 'rev-parse', 'HEAD~1');
  const second = git(location, 'rev-parse', 'HEAD');
  git(location, 'tag', 'v1.0.0', first);
  git(location, 'tag', '--annotate', '--message', 'm', 'v1.1.0', second);
  git(location, 'tag', 'v2.0.0-rc.1', second);
  git(location, 'tag', 'tree', `${second}^{tree}`);
  git(location, 'tag', 'v0.9.0', first);
  git(location, 'branch', 'feature/x', first);
  git(location, 'update-ref', 'refs/remotes/origin/only-there', first);
  git(location, 'update-ref', 'refs/remotes/origin/main', first);
  git(location, 'checkout', '--quiet', '-b', 'side', first);
  write(location, { 'side.yaml': 's' });
  const side = commit(location, 'side');
  git(location, 'checkout', '--quiet', 'main');
  git(location, 'merge', '--quiet', '--no-ff', '--message', 'merge', 'side');
  const merge = git(location, 'rev-parse', 'HEAD');

  test.each([
    ['HEAD', merge],
    ['@', merge],
    ['main', merge],
    ['refs/heads/main', merge],
    ['feature/x', first],
    ['origin/main', first],
    // a branch that only the remote has, as after a checkout in CI
    ['only-there', first],
    ['v1.0.0', first],
    ['an annotated tag: v1.1.0', second],
    [first, first],
    [first.slice(0, 7), first],
    [first.slice(0, 7).toUpperCase(), first],
    ['HEAD~1', second],
    ['HEAD^', second],
    ['HEAD^2', side],
    ['HEAD^2~1', first],
    ['main~2', first],
    ['v1.1.0^', first],
    ['^1.0.0', second],
    ['~1.0', first],
    ['>=0.9 <1', first],
    ['1.x', second],
    ['1', second],
    ['>=2.0.0-0', second],
  ])('%s', async (name, expected) => {
    expect(await opened({ location, ref: name.replace(/^.*: /, '') }, ({ revision }) => revision)).toBe(expected);
  });

  test.each([
    ['mian', 'UnknownRef', 'there is no revision mian', 'did you mean main?'],
    ['feature/y', 'UnknownRef', 'there is no revision feature/y', 'did you mean feature/x?'],
    ['^3', 'UnknownRef', 'there is no revision ^3', /range of versions/],
    ['deadbeef', 'UnknownRef', 'there is no revision deadbeef', /shallow/],
    ['main~9', 'UnknownRef', 'main~9 goes beyond the first commit', /ancestors/],
    ['tree', 'UnknownRef', 'tree is a tree, not a commit', undefined],
    ['f'.repeat(40), 'UnknownRef', `there is no revision ${'f'.repeat(40)}`, /shallow/],
  ])('%s is refused', async (ref, code, message, hint) => {
    const error = await errorOf(openSource({ location, ref }, deps()));
    expect(error).toMatchObject({ code, where: location, message });
    if (hint) expect(error.hint).toMatch(hint);
  });

  test('digits that several objects begin with', async () => {
    const crowded = repository({ 'a.yaml': 'a' });
    const prefixes = new Map<string, number>();
    for (let i = 0; ![...prefixes.values()].some((n) => n > 1); i += 50) {
      const oids = execFileSync('git', ['hash-object', '-w', '--stdin-paths'], {
        cwd: write(crowded, Object.fromEntries(Array.from({ length: 50 }, (_, k) => [`f/${i + k}`, String(i + k)]))),
        input: Array.from({ length: 50 }, (_, k) => `f/${i + k}`).join('\n'),
        encoding: 'utf8',
      });
      for (const oid of oids.trim().split('\n')) prefixes.set(oid.slice(0, 4), (prefixes.get(oid.slice(0, 4)) ?? 0) + 1);
    }
    const [prefix] = [...prefixes].find(([, n]) => n > 1)!;
    expect(await errorOf(openSource({ location: crowded, ref: prefix }, deps()))).toMatchObject({ code: 'AmbiguousRef' });
  });

  test('a repository without commits', async () => {
    const empty = scratch();
    git(empty, 'init', '--quiet');
    expect(await errorOf(openSource({ location: empty, ref: 'HEAD' }, deps()))).toMatchObject({
      code: 'NoCommits',
      hint: 'commit something first',
    });
    expect(await opened({ location: empty }, ({ revision, dirty }) => [revision, dirty])).toEqual([null, false]);
  });

  test('a commit that a shallow clone lacks', async () => {
    const shallow = clone(location, '--depth=1', '--no-local');
    expect(await errorOf(openSource({ location: shallow, ref: 'HEAD~1' }, deps()))).toMatchObject({ code: 'Corrupt', hint: /--unshallow/ });
  });
});

describe('where', () => {
  test('a directory of the work tree stands for that part of the commit', async () => {
    const location = path.join(two(), 'apps');
    expect(await texts({ location, ref: 'HEAD', path: 'db' })).toEqual({ 'db/x.yml': 'x' });
  });

  test('a directory that the commit does not have', async () => {
    const location = write(two(), { 'later/a.yaml': 'a' });
    expect(await errorOf(openSource({ location: path.join(location, 'later'), ref: 'HEAD' }, deps()))).toMatchObject({
      code: 'NotFound',
      message: /has no directory later/,
    });
  });

  test('a path that the commit does not have', async () => {
    const location = two();
    const message = `there is no nowhere in it at commit ${git(location, 'rev-parse', '--short=12', 'HEAD')}`;
    expect(await errorOf(openSource({ location, ref: 'HEAD', path: 'nowhere' }, deps()))).toMatchObject({ code: 'NotFound', message });
  });

  test('a bare repository is read at its HEAD', async () => {
    expect(await listed({ location: clone(two(), '--bare'), path: 'apps' })).toEqual(['apps/db/x.yml', 'apps/web.yaml']);
  });
});

describe('what is refused', () => {
  test('submodules', async () => {
    const location = path.dirname(submodule(two()));
    commit(location);
    expect(await listed({ location, ref: 'HEAD', include: ['*.yaml'] })).toEqual(['o.yaml', 'inner: Submodule']);
  });

  test.each([
    ['loose', (directory: string) => directory],
    ['packed', packed],
    // a difference of a few bytes makes a large file
    [
      'packed as a difference',
      (directory: string) => (fs.appendFileSync(path.join(directory, 'big.yaml'), 'x'), commit(directory), packed(directory)),
    ],
  ])('a blob that is too large, before it is unpacked: %s', async (_, make) => {
    const location = repository({ 'a.yaml': 'a' });
    fs.truncateSync(path.join(write(location, { 'big.yaml': '' }), 'big.yaml'), 100 * 1024 * 1024);
    commit(location);
    make(location);
    const error = await opened({ location, ref: 'HEAD', include: ['big.yaml'] }, ({ files }) => errorOf(files[0]!.read()));
    expect(error).toMatchObject({
      code: 'TooLarge',
      where: 'big.yaml',
      message: 'the file is too large: 100 MiB, at most 32 MiB can be read',
    });
  });

  test('a blob that a partial clone lacks and may not fetch', async () => {
    const location = clone(two(), '--filter=blob:none', '--no-local', '--no-checkout');
    const error = await opened({ location, ref: 'HEAD', include: ['new.yaml'] }, ({ files }) => errorOf(files[0]!.read()));
    expect(error).toMatchObject({ code: 'Corrupt' });
  });

  test('a repository that is broken', async () => {
    const location = packed(two());
    const packs = path.join(location, '.git/objects/pack');
    const pack = path.join(
      packs,
      fs.readdirSync(packs).find((name) => name.endsWith('.pack'))!,
    );
    fs.chmodSync(pack, 0o644);
    fs.truncateSync(pack, 100);
    expect(await errorOf(openSource({ location, ref: 'HEAD' }, deps()))).toMatchObject({ code: 'Corrupt', hint: /git fsck/ });
  });
});

describe('changes', () => {
  test.each<readonly [name: string, change: (location: string) => unknown, changed: boolean]>([
    ['a commit that changes a file', (at) => commit(write(at, { 'apps/web.yaml': 'other' })), true],
    ['a commit that changes files elsewhere', (at) => commit(write(at, { 'a.yaml': 'other' })), true],
    ['a commit that changes nothing', (at) => commit(at), false],
    ['a file that is not committed', (at) => write(at, { 'apps/web.yaml': 'other' }), false],
  ])('%s', async (_, change, changed) => {
    const location = two();
    await opened({ location, ref: 'main' }, async (snapshot) => {
      change(location);
      expect(await snapshot.changed()).toBe(changed);
    });
  });
});

test('sizes are those that git tells, in packs and outside', async () => {
  const location = repository({ 'a.yaml': 'a' });
  for (let i = 0; i < 20; i++) {
    write(location, { 'long.txt': Array.from({ length: 300 }, (_, k) => `line ${k} ${k === i ? i : ''}`).join('\n') });
    commit(location);
  }
  packed(location);
  write(location, { 'loose.txt': 'x'.repeat(5000) });
  commit(location);
  const sizes = ObjectSizes.shared(path.join(location, '.git'), {});
  const told = git(location, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objectsize) %(deltabase)').split('\n');
  let differences = 0;
  for (const line of told) {
    const [oid, size, base] = line.split(' ');
    const own = Number(size);
    // of a difference, what it is based on may be larger
    if (/^0+$/.test(base!)) expect(await sizes.of(oid!)).toBe(own);
    else {
      differences++;
      expect(await sizes.of(oid!)).toBeGreaterThanOrEqual(own);
    }
  }
  expect(differences).toBeGreaterThan(5);
  expect(await sizes.of('0'.repeat(40))).toBeUndefined();
  await sizes.close();
});

describe('a repository that is repacked while it is kept', () => {
  const keptOpen = (given: Partial<SourceDeps>, location: string): Promise<Snapshot> => openSource({ location, ref: 'HEAD' }, deps(given));

  test.each([
    {
      situation: 'and nobody reads it',
      between: (given: Partial<SourceDeps>, location: string) => texts({ location, ref: 'HEAD' }, given),
    },
    {
      situation: 'and an older commit of it is still open',
      between: async (given: Partial<SourceDeps>, location: string) => {
        const snapshot = await keptOpen(given, location);
        onTestFinished(() => snapshot.close());
      },
    },
  ])('$situation', async ({ between }) => {
    const location = repository({ 'a.yaml': 'a' });
    packed(location);
    const given = { gitCache: {} };
    await between(given, location);
    write(location, { 'a.yaml': 'b', 'c.yaml': 'c' });
    const oid = commit(location);
    packed(location);
    expect(await texts({ location, ref: 'HEAD' }, given)).toEqual({ 'a.yaml': 'b', 'c.yaml': 'c' });
    expect(await opened({ location, ref: oid.slice(0, 8) }, ({ revision }) => revision, given)).toBe(oid);
  });

  test('short ids of what has come since are found', async () => {
    const location = repository({ 'a.yaml': 'a' });
    packed(location);
    const objects = new IsomorphicObjects(path.join(location, '.git'), {});
    onTestFinished(() => objects.close());
    await objects.read(git(location, 'rev-parse', 'HEAD'), 1e6);
    write(location, { 'a.yaml': 'b' });
    const oid = commit(location);
    packed(location);
    expect(await objects.expand(oid.slice(0, 8))).toEqual([oid]);
  });
});
