// Small requests that ask for a great deal of work or memory: each is refused, or done, within bounds.
import { beforeEach, describe, expect, it } from 'vitest';
import { RealClock } from '../../../../src/apimachinery/clock.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { handleHttp } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { ADMIN, Cluster } from '../../../../src/cluster/cluster.ts';

const NS = '/api/v1/namespaces/default';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const THINGS = '/apis/example.com/v1/namespaces/default/things';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start({ clock: new RealClock(), random: new Random(1), components: [] });
});

async function send(method: string, url: string, body?: string | object, type = 'application/json'): Promise<string> {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
  const headers = { 'content-type': type, accept: 'application/json' };
  const answer = await handleHttp(cluster.server, { method, url, user: ADMIN, headers, body: body === undefined ? undefined : bytes });
  const text = typeof answer.body === 'string' || answer.body instanceof Uint8Array ? Buffer.from(answer.body).toString() : '';
  return `${answer.code} ${text}`;
}

const configMap = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });

describe('JSON', () => {
  it.each([
    ['arrays within arrays', '['.repeat(1_000_000)],
    ['objects within objects', '{"a":'.repeat(500_000)],
    [
      'a number with a million digits',
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","generation":${'9'.repeat(1_000_000)}}}`,
    ],
    ['an exponent without end', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","generation":1e999999999}}'],
    ['the same key a hundred thousand times', `{"apiVersion":"v1",${'"kind":"ConfigMap",'.repeat(100_000)}"metadata":{"name":1}}`],
  ])('%s', async (_, body) => {
    expect(await send('POST', `${NS}/configmaps`, body)).toMatch(/^4\d\d /);
  });
});

it('YAML whose aliases multiply', async () => {
  const lines = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]`),
  ];
  expect(await send('POST', `${NS}/configmaps`, lines.join('\n'), 'application/yaml')).toMatch(/^4\d\d /);
});

describe('protobuf', () => {
  const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
  const field = (number: number, ...payload: readonly Uint8Array[]): Buffer => {
    const bytes = Buffer.concat(payload);
    const length: number[] = [];
    for (let left = bytes.length; ; left >>>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  const envelope = (apiVersion: string, kind: string, raw: Uint8Array): Buffer =>
    Buffer.concat([magic, field(1, field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))), field(2, raw)]);

  it('messages within messages', async () => {
    // JSONSchemaProps.not, in itself
    let schema: Buffer = Buffer.alloc(0);
    for (let i = 0; i < 20_000; i++) schema = field(23, schema);
    const raw = field(2, field(7, field(4, field(1, schema))));
    expect(await send('POST', CRDS, envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', raw), PROTOBUF)).toMatch(/^4\d\d /);
  });

  it('a length that is longer than what follows', async () => {
    const raw = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]);
    expect(await send('POST', `${NS}/configmaps`, envelope('v1', 'ConfigMap', raw), PROTOBUF)).toMatch(/^4\d\d /);
  });

  it('a number without end', async () => {
    expect(await send('POST', `${NS}/configmaps`, envelope('v1', 'ConfigMap', Buffer.alloc(100_000, 0xff)), PROTOBUF)).toMatch(/^4\d\d /);
  });
});

describe('patches', () => {
  it('of JSON that copy what they have copied', async () => {
    await send('POST', `${NS}/configmaps`, configMap({ a: 'x'.repeat(1000) }));
    const copies = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/metadata', path: `/metadata/annotations${i}` }));
    expect(await send('PATCH', `${NS}/configmaps/c`, copies, 'application/json-patch+json')).toMatch(/^4\d\d /);
  });

  it('of which each part must be sought through the whole list', async () => {
    const ports = Array.from({ length: 20_000 }, (_, i) => ({ containerPort: i + 1, name: `p${i}` }));
    const spec = { containers: [{ name: 'a', image: 'b', ports }] };
    await send('POST', `${NS}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
    await send('POST', `${NS}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
    expect(await send('PATCH', `${NS}/pods/p`, { spec }, 'application/strategic-merge-patch+json')).toMatch(/^4\d\d /);
  });
});

describe('custom resources', () => {
  const define = (spec: object): Promise<string> =>
    send('POST', CRDS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }],
      },
    });
  const thing = (spec: unknown): Promise<string> =>
    send('POST', THINGS, { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, spec });
  const evil = `${'a'.repeat(40)}!`;

  it.each(['^(a+)+$', '^(a|a)*$', '^(.*)*x$', '^(a|aa)+$'])('the pattern %s takes no longer than others', async (pattern) => {
    expect(await define({ type: 'string', pattern })).toMatch(/^201 /);
    expect(await thing(evil)).toMatch(/^422 /);
  });

  it('rules that match such patterns', async () => {
    expect(await define({ type: 'string', maxLength: 100, 'x-kubernetes-validations': [{ rule: "self.matches('^(a+)+$')" }] })).toMatch(
      /^201 /,
    );
    expect(await thing(evil)).toMatch(/^422 /);
  });

  it('rules that may cost too much are refused with the definition', async () => {
    const rule = 'self.all(a, self.all(b, self.all(c, a != b + c)))';
    const items = { type: 'array', items: { type: 'integer' }, 'x-kubernetes-validations': [{ rule }] };
    expect(await define(items)).toMatch(/^422 .*exceeds budget/);
  });

  it('what policies evaluate ends when it has cost too much', async () => {
    const expression = 'object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a + b + c + d != "x"))))';
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
    const group = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'p' } };
    const url = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
    const spec = { matchConstraints: { resourceRules: rules }, validations: [{ expression }] };
    expect(await send('POST', `${url}ies`, { ...group, kind: 'ValidatingAdmissionPolicy', spec })).toMatch(/^201 /);
    const binding = { ...group, kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: 'p', validationActions: ['Deny'] } };
    expect(await send('POST', `${url}ybindings`, binding)).toMatch(/^201 /);
    const data = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'v']));
    expect(await send('POST', `${NS}/configmaps`, configMap(data))).toMatch(/^422 .*cost/);
  });
});

describe('paths and queries', () => {
  it.each([
    [`${NS}/../../../../etc/passwd`],
    ['/api/v1/namespaces/%2e%2e%2f%2e%2e/configmaps'],
    [`${NS}/configmaps/%00`],
    [`${NS}/configmaps/%ff%fe`],
    [`/${'a/'.repeat(50_000)}`],
    [`${NS}/configmaps?labelSelector=${'a,'.repeat(100_000)}!`],
    [`${NS}/configmaps?fieldSelector=${'metadata.name=a,'.repeat(50_000)}=x`],
    [`${NS}/configmaps?continue=${'A'.repeat(100_000)}`],
    [`${NS}/configmaps?limit=99999999999999999999`],
  ])('%.60s', async (url) => {
    expect(await send('GET', url)).toMatch(/^4\d\d /);
  });
});
