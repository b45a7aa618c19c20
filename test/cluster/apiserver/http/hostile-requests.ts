// Requests that no honest client sends: real ones with their paths, queries, headers and bodies bent and broken. From a seed, so that what
// one of them brings about can be brought about again.
import type { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { Random } from '../../../../src/apimachinery/random.ts';
import type { HttpRequest } from '../../../../src/cluster/apiserver/http/http-message.ts';

interface Base {
  readonly method: string;
  readonly url: string;
  readonly type?: string;
  readonly body?: unknown;
}

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default', labels: { app: 'web' }, annotations: { a: 'b' } },
  spec: {
    containers: [{ name: 'main', image: 'nginx', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '100m', memory: '1Gi' } } }],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
};
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'default' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: pod.spec } },
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                'x-kubernetes-validations': [{ rule: "self.name.matches('^(a+)+$') && self.size < 10" }],
                properties: { name: { type: 'string', pattern: '^(a|a)*$', maxLength: 100 }, size: { type: 'integer', default: 1 } },
              },
            },
          },
        },
      },
    ],
  },
};

const NS = '/api/v1/namespaces/default';
const BASES: readonly Base[] = [
  { method: 'GET', url: '/api/v1/pods?limit=5' },
  { method: 'GET', url: `${NS}/pods?labelSelector=app%3Dweb&fieldSelector=status.phase%3DRunning` },
  { method: 'GET', url: `${NS}/pods?watch=1&resourceVersion=0&timeoutSeconds=1&allowWatchBookmarks=true` },
  { method: 'GET', url: `${NS}/pods/p/log?tailLines=5` },
  { method: 'GET', url: `${NS}/pods/p/exec?command=ls&stdout=1` },
  { method: 'GET', url: '/apis' },
  { method: 'GET', url: '/openapi/v3/api/v1?hash=abc' },
  { method: 'GET', url: '/readyz?verbose&exclude=ping' },
  { method: 'POST', url: `${NS}/pods?dryRun=All&fieldValidation=Strict`, body: pod },
  { method: 'POST', url: `${NS}/pods`, body: pod, type: 'application/yaml' },
  { method: 'PUT', url: `${NS}/pods/p`, body: pod },
  { method: 'POST', url: '/apis/apps/v1/namespaces/default/deployments', body: deployment },
  {
    method: 'PATCH',
    url: '/apis/apps/v1/namespaces/default/deployments/d?fieldManager=f&force=true',
    body: deployment,
    type: 'application/apply-patch+yaml',
  },
  {
    method: 'PATCH',
    url: `${NS}/pods/p`,
    body: [{ op: 'replace', path: '/metadata/labels/app', value: 'x' }],
    type: 'application/json-patch+json',
  },
  {
    method: 'PATCH',
    url: `${NS}/pods/p`,
    body: { metadata: { labels: { $patch: 'replace', a: 'b' } } },
    type: 'application/strategic-merge-patch+json',
  },
  { method: 'PATCH', url: `${NS}/pods/p`, body: { metadata: { labels: null } }, type: 'application/merge-patch+json' },
  { method: 'DELETE', url: `${NS}/pods/p`, body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 } },
  { method: 'POST', url: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body: definition },
  {
    method: 'POST',
    url: '/apis/example.com/v1/namespaces/default/things',
    body: { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, spec: { name: 'aaaa' } },
  },
  {
    method: 'POST',
    url: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    },
  },
];

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  'x'.repeat(3000),
  '\u0000',
  '\ud800',
  '../../etc',
  '${jndi:x}',
  '1e9999999',
  '99999999999999999999999Ei',
  [],
  {},
  [[[[[[]]]]]],
  { $patch: 'delete' },
  { __proto__: { polluted: true }, constructor: 1 },
];
const TEXTS = [
  '',
  '%',
  '%00',
  '%2f..%2f',
  'a'.repeat(300),
  '\u202e',
  "';--",
  '0',
  '-1',
  '1e99',
  'NaN',
  'true',
  '*',
  'All',
  '(',
  'a in (',
  '[',
  ',',
];
const TYPES = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'text/plain',
  '',
  'a/b;c=d;;',
];
const ACCEPTS = [
  '*/*',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'a',
  ';;,q=x',
  '',
];

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)]!;

/** Somewhere in a value, something else. */
function bend(value: unknown, random: Random): unknown {
  if (random.fraction() < 0.15 || typeof value !== 'object' || value === null) return pick(random, STRANGE);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(random, STRANGE)];
    const at = Math.floor(random.fraction() * value.length);
    return random.fraction() < 0.2
      ? [...(value as unknown[]), value[at] as unknown]
      : (value as unknown[]).map((one, i) => (i === at ? bend(one, random) : one));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.fraction() < 0.15) return { ...value, [pick(random, TEXTS)]: pick(random, STRANGE) };
  const at = Math.floor(random.fraction() * entries.length);
  return Object.fromEntries(
    entries.flatMap(([key, one], i): [string, unknown][] =>
      i !== at ? [[key, one]] : random.fraction() < 0.1 ? [] : [[key, bend(one, random)]],
    ),
  );
}

function bytesOf(body: unknown, random: Random): Uint8Array {
  let text = JSON.stringify(body) ?? '';
  const chance = random.fraction();
  if (chance < 0.03) text = '['.repeat(Math.floor(random.fraction() * 20_000)) + text;
  else if (chance < 0.06) text = `a: &a [x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c]\n${text.slice(0, 50)}`;
  else if (chance < 0.09) text = text.slice(0, Math.floor(random.fraction() * text.length));
  const bytes = Buffer.from(text);
  if (random.fraction() < 0.1)
    for (let i = 0; i < 3 && bytes.length; i++) bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
  if (random.fraction() < 0.04) return Buffer.concat([Buffer.from('k8s\0'), bytes]);
  return bytes;
}

function bendUrl(url: string, random: Random): string {
  if (random.fraction() < 0.6) return url;
  const at = Math.floor(random.fraction() * url.length);
  switch (Math.floor(random.fraction() * 4)) {
    case 0:
      return url.slice(0, at) + pick(random, TEXTS) + url.slice(at);
    case 1:
      return `${url}${url.includes('?') ? '&' : '?'}${pick(random, ['limit', 'continue', 'resourceVersion', 'timeout', 'pretty', 'dryRun', 'labelSelector', 'fieldManager', 'x'])}=${pick(random, TEXTS)}`;
    case 2:
      return url.slice(0, at) || '/';
    default:
      return url.replace(/[^/]+$/, pick(random, TEXTS));
  }
}

/** One request; the same random numbers give the same. */
export function hostileRequest(random: Random): Omit<HttpRequest, 'user'> {
  const base = pick(random, BASES);
  const bent = random.fraction() < 0.8;
  let body = base.body;
  if (body !== undefined && bent) for (let n = 1 + Math.floor(random.fraction() * 3); n > 0; n--) body = bend(body, random);
  const headers: Record<string, string> = {
    accept: random.fraction() < 0.8 ? 'application/json' : pick(random, ACCEPTS),
    'user-agent': random.fraction() < 0.95 ? 'hostile' : pick(random, TEXTS),
  };
  if (base.body !== undefined) headers['content-type'] = random.fraction() < 0.9 ? (base.type ?? 'application/json') : pick(random, TYPES);
  if (random.fraction() < 0.02) headers['impersonate-user'] = pick(random, TEXTS);
  return {
    method:
      random.fraction() < 0.95 ? base.method : pick(random, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', '']),
    url: bendUrl(base.url, random),
    headers,
    body: body === undefined ? undefined : bytesOf(body, random),
  };
}

/** Waits for an answer while time passes, as fast as it can: some are waited for by the clock, some by the machine (what is loaded when it is first asked for). */
export async function answered<T>(work: Promise<T>, clock: VirtualClock): Promise<T> {
  const waiting = { done: false };
  const watched = work.finally(() => (waiting.done = true));
  while (!waiting.done) await clock.advance(10);
  return watched;
}
