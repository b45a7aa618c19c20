// A served cluster as curl meets it: every error that Kubernetes documents, with its Status, and what HTTP itself asks of a server.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) process.stderr.write('curl is not installed: its tests are not run\n');

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-curl-'));
let served: ServedCluster;
const keys = path.join(home, 'keys');

beforeAll(async () => {
  served = await serveCluster({ home, name: 'curl', port: 0, components: ['controllers'], inMemory: true, onError() {} });
  const { ca, clientCertificate, clientKey } = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  fs.mkdirSync(keys);
  for (const [name, content] of Object.entries({ ca, clientCertificate, clientKey })) fs.writeFileSync(path.join(keys, name), content!);
  for (const args of SETUP) await curl(args);
  // the budget says no once its controller has looked at it
  for (let allowed: unknown = null; allowed !== 1;) {
    const seen = await curl([`${NS}/pods/guarded`]);
    const budget = await curl(['/apis/policy/v1/namespaces/default/poddisruptionbudgets/strict']);
    allowed = seen.code === 200 && (budget.json['status'] as { observedGeneration?: number } | undefined)?.observedGeneration;
  }
});
afterAll(async () => {
  await served.stop();
  fs.rmSync(home, { recursive: true });
});

interface Answer {
  readonly code: number;
  readonly version: string;
  readonly headers: string;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** The last argument is a path. @param as whose certificate is shown; nobody's where it is empty */
function curl(args: readonly string[], as: 'admin' | '' = 'admin'): Promise<Answer> {
  const url = served.serving.url + args.at(-1);
  const identity = as ? ['--cert', path.join(keys, 'clientCertificate'), '--key', path.join(keys, 'clientKey')] : [];
  const all = ['-sS', '-i', '--path-as-is', '--max-time', '20', '--cacert', path.join(keys, 'ca'), ...identity, ...args.slice(0, -1), url];
  return new Promise((resolve, reject) => {
    execFile('curl', [...all, '-w', '\n%{http_code} %{http_version}'], { maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (error && error.code !== 18) return reject(error);
      const end = stdout.lastIndexOf('\n');
      const [code = '', version = ''] = stdout.slice(end + 1).split(' ');
      // whatever went before, such as "100 Continue"
      const parts = stdout.slice(0, end).split('\r\n\r\n');
      const first = parts.findIndex((part) => !/^HTTP\/[\d.]+ 1\d\d/.test(part));
      const text = parts.slice(first + 1).join('\r\n\r\n');
      let json: Record<string, unknown> = {};
      try {
        json = JSON.parse(text) as Record<string, unknown>;
      } catch {
        // not all answers are JSON: those that ought to be fail by what they lack
      }
      resolve({ code: Number(code), version, headers: parts[first] ?? '', text, json });
    });
  });
}

const NS = '/api/v1/namespaces/default';
const JSON_TYPE = ['-H', 'Content-Type: application/json'];
const post = (url: string, body: unknown, ...more: string[]): string[] => [
  ...JSON_TYPE,
  ...more,
  '-d',
  typeof body === 'string' ? body : JSON.stringify(body),
  url,
];
const put = (url: string, body: unknown): string[] => ['-X', 'PUT', ...post(url, body)];
const patch = (url: string, type: string, body: string): string[] => ['-X', 'PATCH', '-H', `Content-Type: ${type}`, '-d', body, url];

const SETUP = [
  post(`${NS}/configmaps`, { metadata: { name: 'a' }, data: { k: 'v' } }),
  post(`${NS}/configmaps`, { metadata: { name: 'fixed' }, immutable: true }),
  post(`${NS}/pods`, {
    metadata: { name: 'guarded', labels: { app: 'x' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'a', image: 'b' }] },
  }),
  patch(`${NS}/pods/guarded/status`, 'application/merge-patch+json', '{"status":{"phase":"Running"}}'),
  post('/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    metadata: { name: 'strict' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } },
  }),
];

const EVICTION = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'guarded' } };

interface Row {
  readonly situation: string;
  readonly args: readonly string[];
  readonly as?: '';
  /** Code and reason of the Status. */
  readonly expected: string;
  readonly message: string | RegExp;
}

const REFUSED: readonly Row[] = [
  {
    situation: 'a body that is no JSON',
    args: post(`${NS}/configmaps`, '{'),
    expected: '400 BadRequest',
    message: /unexpected end|EOF|cannot be handled/,
  },
  {
    situation: 'a body of another kind',
    args: post(`${NS}/configmaps`, { apiVersion: 'v1', kind: 'Secret' }),
    expected: '400 BadRequest',
    message: 'Secret',
  },
  {
    situation: 'a body of another namespace',
    args: post(`${NS}/configmaps`, { metadata: { name: 'x', namespace: 'y' } }),
    expected: '400 BadRequest',
    message: 'the namespace of the provided object does not match the namespace sent on the request',
  },
  {
    situation: 'a body of another name',
    args: put(`${NS}/configmaps/a`, { metadata: { name: 'b' } }),
    expected: '400 BadRequest',
    message: 'the name of the object (b) does not match the name on the URL (a)',
  },
  {
    situation: 'an unknown field, strictly',
    args: post(`${NS}/configmaps?fieldValidation=Strict`, { metadata: { name: 'x' }, dota: 1 }),
    expected: '400 BadRequest',
    message: 'strict decoding error: unknown field "dota"',
  },
  {
    situation: 'a body that is no UTF-8',
    args: post(`${NS}/configmaps`, '{"metadata":{"name":"\u0080"'),
    expected: '400 BadRequest',
    message: /./,
  },
  {
    situation: 'a selector that cannot be read',
    args: [`${NS}/pods?labelSelector=a%20in%20(`],
    expected: '400 BadRequest',
    message: 'unable to parse requirement',
  },
  {
    situation: 'a field that cannot be selected by',
    args: [`${NS}/pods?fieldSelector=spec.nope%3Da`],
    expected: '400 BadRequest',
    message: 'field label not supported: spec.nope',
  },
  {
    situation: 'a continue token that is none',
    args: [`${NS}/pods?limit=1&continue=x`],
    expected: '400 BadRequest',
    message: 'continue key is not valid',
  },
  {
    situation: 'a patch that cannot be read',
    args: patch(`${NS}/configmaps/a`, 'application/merge-patch+json', '{'),
    expected: '400 BadRequest',
    message: /./,
  },
  {
    situation: 'a token that nobody gave out',
    args: ['-H', 'Authorization: Bearer nonsense', `${NS}/pods`],
    as: '',
    expected: '401 Unauthorized',
    message: 'Unauthorized',
  },
  {
    situation: 'nobody in particular',
    args: [`${NS}/pods`],
    as: '',
    expected: '403 Forbidden',
    message: 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
  },
  {
    situation: 'somebody without a role',
    args: ['-H', 'Impersonate-User: jane', `${NS}/secrets/x`],
    expected: '403 Forbidden',
    message: 'secrets "x" is forbidden: User "jane" cannot get resource "secrets"',
  },
  {
    situation: 'a path that is not for him',
    args: ['-H', 'Impersonate-User: jane', '/metrics'],
    expected: '403 Forbidden',
    message: 'forbidden: User "jane" cannot get path "/metrics"',
  },
  {
    situation: 'an object that is not there',
    args: [`${NS}/configmaps/none`],
    expected: '404 NotFound',
    message: 'configmaps "none" not found',
  },
  {
    situation: 'a resource that is not there',
    args: [`${NS}/nothings`],
    expected: '404 NotFound',
    message: 'the server could not find the requested resource',
  },
  {
    situation: 'a subresource that is not there',
    args: [`${NS}/configmaps/a/status`],
    expected: '404 NotFound',
    message: 'the server could not find the requested resource',
  },
  {
    situation: 'a namespace that is not there',
    args: post('/api/v1/namespaces/none/configmaps', { metadata: { name: 'x' } }),
    expected: '404 NotFound',
    message: 'namespaces "none" not found',
  },
  {
    situation: 'a collection that is posted over an object',
    args: post(`${NS}/configmaps/a`, {}),
    expected: '405 MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  },
  {
    situation: 'OPTIONS',
    args: ['-X', 'OPTIONS', `${NS}/configmaps`],
    expected: '405 MethodNotAllowed',
    message: 'the server does not allow this method',
  },
  {
    situation: 'a form that is not spoken',
    args: ['-H', 'Accept: text/html', '/api/v1/nodes?watch=1'],
    expected: '406 NotAcceptable',
    message: 'Available representations: application/json, application/yaml',
  },
  {
    situation: 'an object that is there already',
    args: post(`${NS}/configmaps`, { metadata: { name: 'a' } }),
    expected: '409 AlreadyExists',
    message: 'configmaps "a" already exists',
  },
  {
    situation: 'a version that is not the latest',
    args: put(`${NS}/configmaps/a`, { metadata: { name: 'a', resourceVersion: '1' } }),
    expected: '409 Conflict',
    message: 'Operation cannot be fulfilled on configmaps "a": the object has been modified',
  },
  {
    situation: 'a precondition that does not hold',
    args: ['-X', 'DELETE', ...post(`${NS}/configmaps/a`, { preconditions: { uid: 'x' } })],
    expected: '409 Conflict',
    message: 'the UID in the precondition (x) does not match',
  },
  {
    situation: 'fields of another manager',
    args: patch(
      `${NS}/configmaps/a?fieldManager=me`,
      'application/apply-patch+yaml',
      '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: other}}',
    ),
    expected: '409 Conflict',
    message: 'Apply failed with 1 conflict: conflict with "curl" using v1: .data.k',
  },
  {
    situation: 'a form that is not understood',
    args: ['-H', 'Content-Type: text/plain', '-d', 'x', `${NS}/configmaps`],
    expected: '415 UnsupportedMediaType',
    message: 'the body of the request was in an unknown format',
  },
  {
    situation: 'a patch of a kind that nobody knows',
    args: patch(`${NS}/configmaps/a`, 'application/json', '{}'),
    expected: '415 UnsupportedMediaType',
    message: 'application/merge-patch+json',
  },
  {
    situation: 'an object that is not valid',
    args: post(`${NS}/configmaps`, { metadata: { name: 'A' } }),
    expected: '422 Invalid',
    message: 'ConfigMap "A" is invalid: metadata.name: Invalid value: "A"',
  },
  {
    situation: 'a change of what may not change',
    args: patch(`${NS}/configmaps/fixed`, 'application/merge-patch+json', '{"data":{"a":"b"}}'),
    expected: '422 Invalid',
    message: 'data: Forbidden: field is immutable when `immutable` is set',
  },
  {
    situation: 'a JSON patch that does not apply',
    args: patch(`${NS}/configmaps/a`, 'application/json-patch+json', '[{"op":"test","path":"/data/k","value":"no"}]'),
    expected: '422 Invalid',
    message: 'the server rejected our request due to an error in our request',
  },
  {
    situation: 'an eviction that a budget does not allow',
    args: post(`${NS}/pods/guarded/eviction`, EVICTION),
    expected: '429 TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
  },
  {
    situation: 'a version of the future',
    args: [`${NS}/configmaps?resourceVersion=999999999`],
    expected: '504 Timeout',
    message: 'Too large resource version',
  },
];

describe.runIf(hasCurl)('with curl', () => {
  test.each(REFUSED)('refused: $situation', async ({ args, as, expected, message }) => {
    const { json, code, headers } = await curl(args, as ?? 'admin');
    expect(`${code} ${json['reason'] as string}`).toBe(expected);
    expect(json).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code });
    if (typeof message === 'string') expect(json['message']).toContain(message);
    else expect(json['message']).toMatch(message);
    expect(headers.toLowerCase()).toContain('content-type: application/json');
  });

  test('a group that is not there is plain text, not a Status', async () => {
    const { code, text } = await curl(['/apis/nothing.example.com/v1']);
    expect([code, text.trim()]).toEqual([404, '404 page not found']);
  });

  test('a body that is too large is 413', async () => {
    const file = path.join(home, 'large.json');
    fs.writeFileSync(file, JSON.stringify({ metadata: { name: 'large' }, data: { a: 'x'.repeat(4 * 2 ** 20) } }));
    const { code } = await curl([...JSON_TYPE, '--data-binary', `@${file}`, `${NS}/configmaps`]);
    expect(code).toBe(413);
  });

  test.each(['1.1', '2'])('HTTP/%s', async (version) => {
    const { code, version: spoken, json } = await curl([version === '2' ? '--http2' : '--http1.1', `${NS}/configmaps/a`]);
    expect([code, spoken, json['kind']]).toEqual([200, version, 'ConfigMap']);
  });

  test('what is large is compressed for those who ask', async () => {
    const { headers } = await curl(['-H', 'Accept-Encoding: gzip', '-o', '/dev/null', '-D', '-', '/openapi/v2']);
    expect(headers.toLowerCase()).toContain('content-encoding: gzip');
    const { json } = await curl(['--compressed', '/openapi/v2']);
    expect(json['swagger']).toBe('2.0');
  });

  test('HEAD of a resource is not allowed, and has no body', async () => {
    const { code, text } = await curl(['-I', `${NS}/configmaps/a`]);
    expect([code, text]).toEqual([405, '']);
  });

  test('a body in chunks is read whole, and who asks whether to go on may', async () => {
    const body = JSON.stringify({ metadata: { name: 'chunked' }, data: { a: 'x'.repeat(100_000) } });
    const file = path.join(home, 'chunked.json');
    fs.writeFileSync(file, body);
    const chunked = ['--http1.1', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue'];
    const { code } = await curl([...chunked, ...JSON_TYPE, '--data-binary', `@${file}`, `${NS}/configmaps`]);
    expect(code).toBe(201);
  });

  test('a watch comes line by line until it has lasted', async () => {
    const { code, text } = await curl([`${NS}/configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da`]);
    expect(code).toBe(200);
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['ADDED']);
  });

  test('health and version are for everybody', async () => {
    for (const url of ['/livez', '/readyz', '/healthz']) expect((await curl([url], '')).text).toBe('ok');
    expect((await curl(['/version'], '')).json['minor']).toBe('36');
  });

  test('a warning is a header', async () => {
    const { headers } = await curl([`${NS}/endpoints`]);
    expect(headers.toLowerCase()).toContain('warning: 299 - "v1 endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 endpointslice"');
  });
});
