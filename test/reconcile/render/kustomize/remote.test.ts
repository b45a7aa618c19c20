// Bases and files that lie elsewhere, read from servers on this machine: what is pinned is taken, everything else is refused with what
// to write instead; nothing of a repository leads out of it.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { changedFields } from '../../../../src/reconcile/render/origin.ts';
import { parseRemote, shownAddress } from '../../../../src/reconcile/render/kustomize/remote-address.ts';
import { render } from '../../../../src/reconcile/render/render.ts';
import { serve } from '../../source/git-server.ts';
import { commit, git, opened, repository, scratch, write } from '../../source/scratch.ts';
import { told } from '../told.ts';

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

/** A repository on a server, with a tag v1 and a commit behind it. */
async function shared(files: Readonly<Record<string, string>> = {}) {
  const work = repository({
    'base/kustomization.yaml': 'resources: [a.yaml, ../other]\nnamePrefix: shared-\n',
    'base/a.yaml': configMap('a'),
    'other/kustomization.yaml': 'resources: [b.yaml]\n',
    'other/b.yaml': configMap('b'),
    ...files,
  });
  const first = git(work, 'rev-parse', 'HEAD');
  git(work, 'tag', 'v1');
  write(work, { 'base/a.yaml': configMap('later') });
  const later = commit(work, 'later');
  const server = await serve(path.dirname(work));
  return { url: `${server.url}/${path.basename(work)}/.git`, first, later, server };
}

async function rendered(resource: string, { allowRemote = true, cacheDirectory = scratch(), more = '' } = {}): Promise<string> {
  const location = write(scratch(), { 'kustomization.yaml': `resources:\n- ${resource}\n${more}` });
  return opened({ location }, async (snapshot) => told(await render(snapshot)), { allowRemote, cacheDirectory });
}

test('a base at a commit, and what it names in its own repository', async () => {
  const { url, first, server } = await shared();
  const cacheDirectory = scratch();
  const at = `${url.replace(/\/\.git$/, '/.git')}@${first.slice(0, 12)}`;
  const expected = `${at}/base/a.yaml:1 ConfigMap shared-a\n${at}/other/b.yaml:1 ConfigMap shared-b\n`;
  expect(await rendered(`${url}//base?ref=${first}`, { cacheDirectory })).toBe(expected);
  const { fetches } = server;
  expect(await rendered(`git::${url}/base?ref=${first}`, { cacheDirectory })).toBe(expected);
  expect(server.fetches, 'what was fetched is kept').toBe(fetches);
});

test('a tag is told as the commit that it is', async () => {
  const { url, first } = await shared();
  expect(await rendered(`${url}//base?ref=v1`)).toMatch(
    new RegExp(
      `warning kustomization.yaml:2:3: resources\\[0\\]: ${url}: the tag v1 is commit ${first} \\| a tag can be moved; \\?ref=${first} stays\\n$`,
    ),
  );
});

test('fields of a base elsewhere have their places there, those of the overlay here', async () => {
  const { url, first } = await shared();
  const more = 'namespace: shop\n';
  const location = write(scratch(), { 'kustomization.yaml': `resources: ["${url}//base?ref=${first}"]\n${more}` });
  const { manifests } = await opened({ location }, (snapshot) => render(snapshot), { allowRemote: true, cacheDirectory: scratch() });
  const [fields] = await changedFields(manifests.map(({ origin }) => origin));
  expect(fields!.map(({ path: field, file, line }) => `${field} ${file}:${line}`)).toEqual([
    `metadata.name ${url}@${first.slice(0, 12)}/base/kustomization.yaml:2`,
    'metadata.namespace kustomization.yaml:2',
  ]);
});

test('a file', async () => {
  const server = http.createServer((request, response) => {
    if (request.url === '/moved.yaml') response.writeHead(302, { location: 'http://192.0.2.1/a.yaml' }).end();
    else if (request.url === '/a.yaml') response.end(configMap('a'));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await rendered(`${url}/a.yaml`)).toMatch(/^http:\S+\/a\.yaml:1 ConfigMap a\nwarning \S+ resources\[0\]: \S+ is not pinned/);
  expect(await rendered(`${url}/b.yaml`)).toContain('there is no such file (HTTP 404)');
  const withToken = await rendered(`${url}/b.yaml?token=secret`);
  expect(withToken).toContain('/b.yaml?…: there is no such file');
  expect(withToken).not.toContain('secret');
});

describe('what is refused', () => {
  test.each([
    ['nothing was allowed', (url: string, first: string) => `${url}//base?ref=${first}`, false, 'or allow it with --allow-remote'],
    ['no revision', (url: string) => `${url}//base`, true, 'it is not pinned: it names no revision | add ?ref='],
    ['a branch', (url: string) => `${url}//base?ref=main`, true, 'main is no tag, and may be another commit tomorrow | write ?ref='],
    ['a range of versions', (url: string) => `${url}//base?ref=%5E1`, true, 'it is not pinned: "^1" is no tag'],
    ['a path that is not there', (url: string) => `${url}//nowhere?ref=v1`, true, 'nowhere'],
    [
      'a repository of this machine',
      () => 'file://localhost/org/repo?ref=v1',
      true,
      'is not fetched: repositories elsewhere are read over',
    ],
    ['http:// from elsewhere', () => 'http://192.0.2.1/a.yaml', true, 'files are fetched over https:// alone'],
    ['an address of nothing', () => 'https://example.com/x?ref=v1', true, 'names no repository'],
  ])('%s', async (_, resource, allowRemote, message) => {
    const { url, first } = await shared();
    const lines = await rendered(JSON.stringify(resource(url, first)), { allowRemote });
    expect(lines).toMatch(/^error kustomization\.yaml:2:3: resources\[0\]: /);
    expect(lines).toContain(message);
  });

  test.each([
    ['a base above the repository', { 'base/kustomization.yaml': 'resources: [../../up]\n' }, 'leads out of the source'],
    ['a link that leads out', { 'base/kustomization.yaml': 'resources: [link.yaml]\n', 'base/link.yaml': '-> /etc/hosts' }, 'link'],
    ['a circle', { 'base/kustomization.yaml': 'resources: [../base]\n' }, 'cycle detected'],
    ['a path of this machine', { 'base/kustomization.yaml': 'resources: ["file:///etc//x?ref=v1"]\n' }, 'names no repository'],
  ])('in a repository elsewhere: %s', async (_, files, message) => {
    const { url } = await shared(files);
    const lines = await rendered(`${url}//base?ref=v1`);
    expect(lines).toMatch(/^error http:\/\/127\.0\.0\.1:\S+\/base\/kustomization\.yaml:1:13: resources\[0\]: /);
    expect(lines).toContain(message);
  });
});

test('an address is shown without credentials', () => {
  expect(shownAddress('https://me:secret@host/org/repo?ref=v1&token=secret')).toBe('https://host/org/repo?ref=v1');
});

test.each([
  ['https://github.com/org/repo/deploy/base?ref=v1', 'https://github.com/org/repo', 'deploy/base', 'v1'],
  ['github.com/org/repo?ref=v1', 'https://github.com/org/repo', '', 'v1'],
  ['https://host/group/sub/repo//base?ref=v1&timeout=90s', 'https://host/group/sub/repo', 'base', 'v1'],
  ['https://host/org/repo.git/base?version=v1', 'https://host/org/repo.git', 'base', 'v1'],
  ['git::https://host/org/repo//base/a.yaml?ref=v1', 'https://host/org/repo', 'base/a.yaml', 'v1'],
  ['https://dev.azure.com/org/project/_git/repo/base?ref=v1', 'https://dev.azure.com/org/project/_git/repo', 'base', 'v1'],
  ['git@github.com:org/repo.git//base?ref=v1', 'git@github.com:org/repo.git', 'base', 'v1'],
  ['git@host:org/repo/base?ref=v1', 'git@host:org/repo', 'base', 'v1'],
  ['ssh://git@host/org/repo//base', 'ssh://git@host/org/repo', 'base', undefined],
  ['gh:org/repo?ref=v1', 'https://github.com/org/repo', '', 'v1'],
])('%s', (address, url, inside, ref) => {
  expect(parseRemote(address)).toEqual({ kind: 'repository', url, path: inside, ref });
});
