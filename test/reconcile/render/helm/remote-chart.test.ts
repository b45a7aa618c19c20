// Charts of repositories elsewhere: an index over HTTP and a registry, both on this machine, and what is told of those that lie.
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { render } from '../../../../src/reconcile/render/render.ts';
import { renderSource } from '../../../../src/reconcile/apps/prepare-apps.ts';
import { deps, opened, scratch, write } from '../../source/scratch.ts';
import { told } from '../told.ts';
import { packedChart } from './packed-chart.ts';

const chart = (version: string): Buffer =>
  packedChart({
    'web/Chart.yaml': `apiVersion: v2\nname: web\nversion: ${version}\n`,
    'web/values.yaml': 'who: nobody\n',
    'web/templates/x.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-{{ .Chart.Version }}-{{ .Values.who }}"}\n',
  });

const VERSIONS = ['1.0.0', '1.2.0', '2.0.0-rc.1'];
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Server {
  readonly url: string;
  readonly asked: string[];
}

/** A repository at /charts, a registry at /v2/acme/web that wants a token; `lies` gives other bytes than it says. */
async function serve({ lies = false } = {}): Promise<Server> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://x');
    asked.push(pathname);
    const answer = (status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void =>
      void response.writeHead(status, headers).end(body);
    const [, version] = /^\/charts\/files\/web-(.*)\.tgz$/.exec(pathname) ?? [];
    if (version !== undefined) return answer(200, lies ? chart('9.9.9') : chart(version));
    if (pathname === '/charts/index.yaml') {
      const entries = VERSIONS.map((one) => `  - version: ${one}\n    digest: ${digestOf(chart(one))}\n    urls: [files/web-${one}.tgz]\n`);
      return answer(
        200,
        `apiVersion: v1\nentries:\n  other:\n  - version: 3.0.0\n    urls: [x]\n  web:\n${entries.join('')}generated: now\n`,
      );
    }
    if (pathname === '/token') return answer(200, JSON.stringify({ token: 'secret' }));
    if (!pathname.startsWith('/v2/acme/web/')) return answer(404, '');
    if (request.headers.authorization !== 'Bearer secret')
      return answer(401, '', { 'www-authenticate': `Bearer realm="http://${request.headers.host!}/token",service="x",scope="y"` });
    const what = pathname.slice('/v2/acme/web/'.length);
    if (what === 'tags/list') return answer(200, JSON.stringify({ tags: [...VERSIONS, 'latest'] }));
    const [, tag] = /^manifests\/(.*)$/.exec(what) ?? [];
    if (tag !== undefined) {
      const layer = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: `sha256:${digestOf(chart(tag))}` };
      return answer(200, JSON.stringify({ layers: [layer] }));
    }
    const found = VERSIONS.find((one) => what === `blobs/sha256:${digestOf(chart(one))}`);
    return found ? answer(200, lies ? 'x' : chart(found)) : answer(404, '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const dependent = (repository: string, version: string): Readonly<Record<string, string>> => ({
  'Chart.yaml': `apiVersion: v2\nname: top\nversion: 0.1.0\ndependencies:\n- name: web\n  version: "${version}"\n  repository: ${repository}\n`,
  'values.yaml': 'web: {who: me}\n',
});

async function rendered(
  files: Readonly<Record<string, string>>,
  given: { readonly cacheDirectory?: string; readonly allowRemote?: boolean } = {},
) {
  const location = write(scratch(), files);
  const allowed = { allowRemote: true, cacheDirectory: path.join(scratch(), 'cache'), ...given };
  return told(await opened({ location }, (snapshot) => render(snapshot, { charts: { name: 'rel' } }), allowed))
    .split('\n')
    .filter(Boolean);
}

describe.each([
  ['of an index', ({ url }: Server) => `${url}/charts`],
  ['of a registry', ({ url }: Server) => `oci${url.slice(4)}/acme`],
])('a dependency %s', (_, repositoryOf) => {
  test.each([
    ['1.0.0', '1.0.0'],
    ['^1.0.0', '1.2.0'],
    ['>=1.0.0-0', '2.0.0-rc.1'],
  ])('%s', async (version, found) => {
    const server = await serve();
    expect(await rendered(dependent(repositoryOf(server), version))).toEqual([
      `charts/web-${version}.tgz/templates/x.yaml:1 ConfigMap rel-${found}-me`,
    ]);
  });

  test('the version of Chart.lock', async () => {
    const server = await serve();
    const files = { ...dependent(repositoryOf(server), '^1.0.0'), 'Chart.lock': 'dependencies:\n- name: web\n  version: 1.0.0\n' };
    expect(await rendered(files)).toEqual(['charts/web-1.0.0.tgz/templates/x.yaml:1 ConfigMap rel-1.0.0-me']);
  });

  test('what is pinned is fetched but once', async () => {
    const server = await serve();
    const cacheDirectory = path.join(scratch(), 'cache');
    await rendered(dependent(repositoryOf(server), '1.0.0'), { cacheDirectory });
    const before = server.asked.length;
    expect(before).toBeGreaterThan(0);
    await rendered(dependent(repositoryOf(server), '1.0.0'), { cacheDirectory });
    expect(server.asked.length).toBe(before);
  });

  test('what has another digest is refused', async () => {
    const server = await serve({ lies: true });
    const [error = '', ...others] = await rendered(dependent(repositoryOf(server), '1.0.0'));
    expect(error).toMatch(/^error Chart\.yaml:5:3: dependencies\[0\]: .*it is not what the repository says it is: its sha256 is /);
    expect(others).toEqual([]);
  });

  test('no such version', async () => {
    const server = await serve();
    const [error = ''] = await rendered(dependent(repositoryOf(server), '^7'));
    expect(error).toMatch(/^error Chart\.yaml:5:3: dependencies\[0\]: .* version \^7/);
  });

  test('nothing is fetched unless it is allowed', async () => {
    const server = await serve();
    const [error = ''] = await rendered(dependent(repositoryOf(server), '1.0.0'), { allowRemote: false });
    expect(error).toMatch(/is not in charts\/, and nothing is fetched from .* or allow it with --allow-remote$/);
    expect(server.asked).toEqual([]);
  });
});

const APPS = {
  flux: (url: string) => `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {url: "${url}/charts"}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "oci${url.slice(4)}/acme/web", ref: {semver: 1.x}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: flux-system}
spec:
  interval: 1m
  chart: {spec: {chart: web, version: 1.0.x, sourceRef: {kind: HelmRepository, name: charts}}}
  values: {who: flux}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: flux-system}
spec: {interval: 1m, chartRef: {kind: OCIRepository, name: web}, targetNamespace: shop}
`,
  argo: (url: string) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source: {repoURL: "${url}/charts", chart: web, targetRevision: 1.0.0, helm: {valuesObject: {who: argo}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: b, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source: {repoURL: "${url.slice(7)}/acme", chart: web, targetRevision: 1.2.0, helm: {releaseName: other}}
`,
};

describe('apps', () => {
  const appsOf = async (text: string, allowRemote: boolean) => {
    const location = write(scratch(), { 'apps.yaml': text });
    return renderSource({ location }, deps({ allowRemote, cacheDirectory: path.join(scratch(), 'cache') }), { name: 'apps' });
  };

  test.each([
    [
      'HelmReleases',
      APPS.flux,
      ['a: web-1.0.0/templates/x.yaml:1 ConfigMap a-1.0.0-flux', 'b: web-1.2.0/templates/x.yaml:1 ConfigMap shop-b-1.2.0-nobody'],
    ],
    [
      'Applications',
      APPS.argo,
      ['a: web-1.0.0/templates/x.yaml:1 ConfigMap a-1.0.0-argo', 'b: web-1.2.0/templates/x.yaml:1 ConfigMap other-1.2.0-nobody'],
    ],
  ])('%s', async (_, definitions, expected) => {
    const { url } = await serve();
    const { apps = [] } = await appsOf(definitions(url), true);
    expect(
      apps.flatMap(({ name, rendered: one }) =>
        told(one)
          .split('\n')
          .filter(Boolean)
          .map((line) => `${name}: ${line}`),
      ),
    ).toEqual(expected);
  });

  test('addresses that are none', async () => {
    const { apps = [] } = await appsOf(APPS.flux('').replace('"/charts"', 'https://').replace('"oci/acme/web"', 'oci://'), true);
    expect(
      apps.map(
        ({
          name,
          rendered: {
            errors: [fault],
          },
        }) => `${name}: ${fault?.message}`,
      ),
    ).toEqual([
      'a: HelmRelease/flux-system/a: https://: index.yaml is no address',
      'b: HelmRelease/flux-system/b: oci://: it names no chart in a registry',
    ]);
  });

  test('what is not fetched is told', async () => {
    const { url, asked } = await serve();
    const { apps = [], warnings = [] } = await appsOf(APPS.argo(url), false);
    expect(apps.map(({ app }) => app.notRendered)).toEqual([
      `the chart web of ${url}/charts is not fetched: --allow-remote allows it`,
      `the chart web of ${url.slice(7)}/acme is not fetched: --allow-remote allows it`,
    ]);
    expect(warnings.map(({ file, line, message, hint }) => `${file}:${line} ${message} (${hint})`)).toEqual([
      'apps.yaml:1 the charts of 2 apps lie elsewhere and are not fetched: Application/argocd/a and others (allow it with --allow-remote)',
    ]);
    expect(asked).toEqual([]);
  });
});
