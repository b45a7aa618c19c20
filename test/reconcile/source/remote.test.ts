// Repositories elsewhere: over HTTP by isomorphic-git, over ssh and file:// by the git program.
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAddress, redacted } from '../../../src/reconcile/source/git/url.ts';
import { openSource } from '../../../src/reconcile/source/source.ts';
import { startProxy } from '../../client/proxy.ts';
import { serve, type GitServer } from './git-server.ts';
import { commit, deps, errorOf, git, opened, repository, scratch, texts, write } from './scratch.ts';

interface Origin {
  readonly location: string;
  readonly work: string;
  readonly first: string;
  readonly second: string;
  readonly server?: GitServer;
}

function make(): Omit<Origin, 'location'> & { readonly root: string } {
  const work = repository({ 'a.yaml': 'a', 'apps/web.yaml': 'web' });
  const first = git(work, 'rev-parse', 'HEAD');
  git(work, 'tag', 'v1.0.0');
  write(work, { 'a.yaml': 'changed' });
  const second = commit(work, 'second');
  git(work, 'tag', '--annotate', '--message', 'm', 'v1.1.0');
  git(work, 'branch', 'feature/x', first);
  return { work, first, second, root: path.dirname(work) };
}

const overHttp = async (): Promise<Origin> => {
  const { root, ...made } = make();
  const server = await serve(root);
  return { ...made, server, location: `${server.url}/${path.basename(made.work)}/.git` };
};

const overFile = async (): Promise<Origin> => {
  const made = make();
  return { ...made, location: `file://${made.work}` };
};

/** An ssh that is no ssh: it runs on this machine what it should run on the other. */
const overSsh = async (): Promise<Origin> => {
  const made = make();
  const ssh = path.join(scratch(), 'ssh');
  fs.writeFileSync(ssh, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', { mode: 0o755 });
  const before = process.env.GIT_SSH_COMMAND;
  process.env.GIT_SSH_COMMAND = ssh;
  onTestFinished(() => {
    if (before === undefined) delete process.env.GIT_SSH_COMMAND;
    else process.env.GIT_SSH_COMMAND = before;
  });
  return { ...made, location: `git@example.com:${made.work}` };
};

describe.each([
  ['http', overHttp],
  ['file', overFile],
  ['ssh', overSsh],
])('%s', (_, reach) => {
  test('the default branch', async () => {
    const { location, second } = await reach();
    const given = { cacheDirectory: path.join(scratch(), 'new', 'cache') };
    await opened(
      { location },
      (snapshot) => expect(snapshot).toMatchObject({ type: 'git', location, path: '', revision: second, dirty: false }),
      given,
    );
    expect(await texts({ location }, given)).toEqual({ 'a.yaml': 'changed', 'apps/web.yaml': 'web' });
    expect(await texts({ location, path: 'apps' }, given)).toEqual({ 'apps/web.yaml': 'web' });
  });

  test('branches, tags, commits and ranges of versions', async () => {
    const { location, first, second } = await reach();
    const cacheDirectory = scratch();
    for (const [ref, revision] of [
      ['main', second],
      ['feature/x', first],
      ['v1.0.0', first],
      ['v1.1.0', second],
      ['~1.0', first],
      ['1.x', second],
      [second, second],
      [first, first],
      [first.slice(0, 8), first],
      ['HEAD~1', first],
      ['v1.1.0^', first],
    ] as const) {
      // one cache for all of them, and one for each
      expect([ref, await opened({ location, ref }, (snapshot) => snapshot.revision, { cacheDirectory })]).toEqual([ref, revision]);
      expect([ref, await opened({ location, ref }, (snapshot) => snapshot.revision, { cacheDirectory: scratch() })]).toEqual([
        ref,
        revision,
      ]);
    }
  });

  test('several revisions at the same time, into a cache that is not there yet', async () => {
    const { location, first, second } = await reach();
    const cacheDirectory = path.join(scratch(), 'new');
    const revisions = ['main', 'feature/x', 'v1.0.0', 'v1.1.0', first, second];
    const found = await Promise.all(
      revisions.map((ref) => opened({ location, ref }, ({ revision }) => Promise.resolve(revision), { cacheDirectory })),
    );
    expect(found).toEqual([second, first, first, second, first, second]);
    expect(fs.readdirSync(cacheDirectory)).toHaveLength(1);
  });

  test('a revision that is unknown', async () => {
    const { location } = await reach();
    const error = await errorOf(openSource({ location, ref: 'feature/y' }, deps({ cacheDirectory: scratch() })));
    expect(error).toMatchObject({ code: 'UnknownRef', where: location, hint: 'did you mean feature/x?' });
  });

  test('a commit that is nowhere', async () => {
    const { location } = await reach();
    expect(await errorOf(openSource({ location, ref: 'f'.repeat(40) }, deps({ cacheDirectory: scratch() })))).toMatchObject({
      code: 'UnknownRef',
    });
  });

  test('a repository that does not exist', async () => {
    const { location } = await reach();
    const error = await errorOf(openSource({ location: `${location}/nowhere` }, deps({ cacheDirectory: scratch() })));
    expect(error).toMatchObject({ code: 'NotFound', where: `${location}/nowhere` });
  });

  test('a repository without commits', async () => {
    const { location, work } = await reach();
    fs.rmSync(path.join(work, '.git'), { recursive: true });
    git(work, 'init', '--quiet');
    expect(await errorOf(openSource({ location }, deps({ cacheDirectory: scratch() })))).toMatchObject({ code: 'NoCommits' });
  });

  test('what is pushed is seen', async () => {
    const { location, work } = await reach();
    const given = { cacheDirectory: scratch() };
    await opened(
      { location, ref: 'main', path: 'apps' },
      async (snapshot) => {
        expect(await snapshot.changed()).toBe(false);
        commit(write(work, { 'a.yaml': 'elsewhere' }));
        expect(await snapshot.changed()).toBe(false);
        commit(write(work, { 'apps/web.yaml': 'new' }));
        expect(await snapshot.changed()).toBe(true);
      },
      given,
    );
    expect(await texts({ location, ref: 'main', path: 'apps' }, given)).toEqual({ 'apps/web.yaml': 'new' });
  });
});

describe('over HTTP', () => {
  test('through the proxy that the environment names', async () => {
    const { location } = await overHttp();
    const proxy = await startProxy();
    const { http_proxy: before } = process.env;
    process.env.http_proxy = proxy.url;
    onTestFinished(() => {
      if (before === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = before;
    });
    const { port } = new URL(location);
    expect(await texts({ location: location.replace('127.0.0.1', 'git.test') }, { cacheDirectory: scratch() })).toEqual({
      'a.yaml': 'changed',
      'apps/web.yaml': 'web',
    });
    expect(proxy.asked[0]).toBe(`git.test:${port}`);
  });

  test('one commit is fetched, without its history, and only once', async () => {
    const { location, first, server } = await overHttp();
    const cacheDirectory = scratch();
    await texts({ location, ref: 'main' }, { cacheDirectory });
    const cached = path.join(cacheDirectory, fs.readdirSync(cacheDirectory)[0]!);
    expect(() => git(cached, 'cat-file', '-e', first)).toThrow();
    expect(server!.fetches).toBe(1);
    await texts({ location, ref: 'main' }, { cacheDirectory });
    await texts({ location, ref: 'v1.1.0' }, { cacheDirectory });
    expect(server!.fetches).toBe(2);
  });

  test('credentials in the URL are used and never shown', async () => {
    const { work } = await overHttp();
    const server = await serve(path.dirname(work), { credentials: 'me:secret' });
    const address = `${server.url}/${path.basename(work)}/.git`;
    const cacheDirectory = scratch();
    await opened({ location: address.replace('//', '//me:secret@') }, (snapshot) => expect(snapshot.location).toBe(address), {
      cacheDirectory,
    });
    const error = await errorOf(openSource({ location: address.replace('//', '//me:wrong@') }, deps({ cacheDirectory: scratch() })));
    expect(error).toMatchObject({ code: 'Unauthorized', where: address, hint: /token/ });
    expect(fs.readFileSync(path.join(cacheDirectory, fs.readdirSync(cacheDirectory)[0]!, 'config'), 'utf8')).not.toContain('secret');
  });

  test('nobody answers', async () => {
    const error = await errorOf(openSource({ location: 'http://127.0.0.1:9/x.git' }, deps({ cacheDirectory: scratch() })));
    expect(error).toMatchObject({ code: 'Unreachable', where: 'http://127.0.0.1:9/x.git' });
  });

  test('what answers is no git server', async () => {
    const server = http.createServer((_, response) => response.end('<html>hello</html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`;
    expect(await errorOf(openSource({ location }, deps({ cacheDirectory: scratch() })))).toMatchObject({
      code: 'Unreachable',
      where: location,
    });
  });
});

test('an address that looks like an option is none', async () => {
  expect(await errorOf(openSource({ location: '--upload-pack=x' }, deps()))).toMatchObject({ code: 'NotFound' });
});

test.each([
  ['https://github.com/a/b.git', { kind: 'remote', transport: 'https' }],
  ['ssh://git@host:22/a/b', { kind: 'remote', transport: 'ssh' }],
  ['git@github.com:a/b.git', { kind: 'remote', transport: 'ssh' }],
  ['file:///srv/a.git', { kind: 'remote', transport: 'file' }],
  ['git://host/a', { kind: 'unknown', scheme: 'git' }],
  ['ext::sh -c id', { kind: 'local' }],
  ['apps/a:b', { kind: 'local' }],
  ['./git@host:a', { kind: 'local' }],
  ['C:\\apps', { kind: 'local' }],
])('%s', (location, address) => {
  expect(parseAddress(location)).toMatchObject(address);
});

test('credentials are taken out of texts', () => {
  expect(redacted('fatal: https://me:se@cret@host/x and ssh://git@host/y')).toBe('fatal: https://host/x and ssh://host/y');
});
