// How requests and answers look on the wire: forms that are accepted and refused, in Kubernetes' words; streams; sizes; paths.
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeEnvelope, encodeProtobuf, openEnvelope } from '../../../../src/apimachinery/codec/protobuf/envelope.ts';
import type { JsonObject } from '../../../../src/apimachinery/object.ts';
import type { ByteStream } from '../../../../src/apimachinery/node-api.ts';
import type { HttpResponse } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { CRDS, gadgets, httpServer, text, type Asked } from './http-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const GADGETS = '/apis/example.com/v1/namespaces/default/gadgets';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'as=Table;v=v1;g=meta.k8s.io';

const server = await httpServer();
await server.ask(CRDS, { method: 'POST', body: gadgets() });
await server.ask(CONFIG_MAPS, { method: 'POST', body: { metadata: { name: 'c' }, data: { x: '<1>' } } });
await server.ask(GADGETS, { method: 'POST', body: { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g' } } });

const messageOf = (response: HttpResponse): unknown => (JSON.parse(text(response)) as JsonObject)['message'];
const accept = (value: string): Asked => ({ headers: { accept: value } });

const ROUTE = '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf';
const MEDIA = 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf';
const STREAMS = ', application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';

const ACCEPTED: readonly (readonly [accept: string, type: string])[] = [
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/html, application/json;q=0.5', 'application/json'],
  ['application/json;q=0.1, application/yaml;q=0.9', 'application/yaml'],
  ['application/yaml, application/json', 'application/yaml'],
  ['application/json;charset=utf-8', 'application/json'],
  [PROTOBUF, PROTOBUF],
  [`${PROTOBUF},application/json`, PROTOBUF],
  [`${PROTOBUF};${TABLE},application/json`, 'application/json'],
  ['application/cbor, application/json', 'application/json'],
];

test.each(ACCEPTED)('who accepts %j gets %s', async (value, type) => {
  const { code, headers } = await server.ask(`${CONFIG_MAPS}/c`, accept(value));
  expect([code, headers['content-type']]).toEqual([200, type]);
});

const REFUSED: readonly (readonly [situation: string, url: string, accept: string, message: string])[] = [
  ['HTML', `${CONFIG_MAPS}/c`, 'text/html', ROUTE],
  ['any application', `${CONFIG_MAPS}/c`, 'application/*', ROUTE],
  ['CBOR', `${CONFIG_MAPS}/c`, 'application/cbor', ROUTE],
  ['HTML of a collection', CONFIG_MAPS, 'text/html', ROUTE + STREAMS],
  ['what is not there, as HTML', `${CONFIG_MAPS}/nosuch`, 'text/html', ROUTE],
  ['a form that nobody knows', `${CONFIG_MAPS}/c`, 'application/json;as=Poem;v=v1;g=meta.k8s.io', MEDIA],
  ['a list of metadata of one object', `${CONFIG_MAPS}/c`, 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', ''],
  ['a discovery document as a table', '/apis/apps/v1', `application/json;${TABLE}`, MEDIA],
  [
    'a watch in YAML',
    `${CONFIG_MAPS}?watch=true`,
    'application/yaml',
    `only the following media types are accepted: application/json;stream=watch, ${PROTOBUF};stream=watch`,
  ],
];

test.each(REFUSED)('refused: %s', async (_, url, value, message) => {
  const response = await server.ask(url, accept(value));
  expect(response.code).toBe(406);
  if (message) expect(response.headers['content-type'] === 'application/yaml' ? text(response) : messageOf(response)).toContain(message);
});

test('custom resources have no form in protobuf, and neither the refusal of a change nor the change is lost', async () => {
  const body = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'new' } };
  const response = await server.ask(GADGETS, { method: 'POST', ...accept(PROTOBUF), body });
  expect([response.code, response.headers['content-type']]).toEqual([406, PROTOBUF]);
  expect(decodeEnvelope(openEnvelope(response.body as Uint8Array))).toMatchObject({ kind: 'Status', message: MEDIA, code: 406 });
  expect((await server.ask(`${GADGETS}/new`)).code).toBe(404);
  const metadata = await server.ask(`${GADGETS}/g`, accept(`${PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`));
  expect(decodeEnvelope(openEnvelope(metadata.body as Uint8Array))).toMatchObject({ metadata: { name: 'g' } });
});

test('an object is created from protobuf and answered in it', async () => {
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'p' }, data: { k: 'v' } };
  const headers = { 'content-type': PROTOBUF, accept: PROTOBUF };
  const response = await server.ask(CONFIG_MAPS, { method: 'POST', headers, body: encodeProtobuf(object) });
  expect(response.code).toBe(201);
  expect(decodeEnvelope(openEnvelope(response.body as Uint8Array))).toMatchObject({
    kind: 'ConfigMap',
    metadata: { name: 'p' },
    data: { k: 'v' },
  });
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'another' } };
  const refused = await server.ask(`${CONFIG_MAPS}/p`, {
    method: 'DELETE',
    headers: { 'content-type': PROTOBUF },
    body: encodeProtobuf(options),
  });
  expect(refused.code).toBe(409);
});

const unnamed = Buffer.concat([Buffer.from('k8s\0\x12\x05'), Buffer.from([10, 3, 10, 1, 113])]);

const BODIES: readonly (readonly [
  situation: string,
  url: string,
  type: string,
  body: string | Uint8Array,
  code: number,
  message: string,
])[] = [
  [
    'text',
    CONFIG_MAPS,
    'text/plain',
    'x',
    415,
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ],
  [
    'CBOR',
    CONFIG_MAPS,
    'application/cbor',
    'x',
    415,
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ],
  [
    'protobuf of a custom resource',
    GADGETS,
    PROTOBUF,
    'k8s\0',
    415,
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  ],
  [
    'no protobuf',
    CONFIG_MAPS,
    PROTOBUF,
    'not protobuf',
    400,
    'the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (6e6f742070726f746f627566)',
  ],
  [
    'an envelope that is cut off',
    CONFIG_MAPS,
    PROTOBUF,
    'k8s\0\n\x7f',
    400,
    'the object provided is unrecognized (must be of type ConfigMap): unexpected EOF (6b3873000a7f)',
  ],
  [
    'a message that is cut off',
    CONFIG_MAPS,
    PROTOBUF,
    Buffer.concat([encodeProtobuf({ kind: 'ConfigMap', apiVersion: 'v1' })!.subarray(0, 21), Buffer.from([18, 2, 10, 9])]),
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
  ],
  [
    'another kind',
    CONFIG_MAPS,
    PROTOBUF,
    encodeProtobuf({ kind: 'Secret', apiVersion: 'v1' })!,
    400,
    'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
  ],
  ['an envelope that names no kind', CONFIG_MAPS, PROTOBUF, unnamed, 201, ''],
  [
    'brackets without end',
    CONFIG_MAPS,
    'application/json',
    `{"x":${'['.repeat(100_000)}`,
    400,
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character '[' exceeded max depth ({"x":[[[[[[[[[[[[[[[[[[[[[[[[[ ...)`,
  ],
  ['more than 3 MiB', CONFIG_MAPS, 'application/json', ' '.repeat(3 * 1024 * 1024 + 1), 413, 'Request entity too large: limit is 3145728'],
];

test.each(BODIES)('a body that is %s', async (_, url, type, body, code, message) => {
  const response = await server.ask(url, { method: 'POST', headers: { 'content-type': type }, body });
  expect(response.code).toBe(code);
  if (message) expect(messageOf(response)).toBe(message);
});

const PATHS: readonly (readonly [situation: string, method: string, url: string, code: number, message: string])[] = [
  ['a name for a POST', 'POST', `${CONFIG_MAPS}/c`, 405, 'the server does not allow this method on the requested resource'],
  ['no name for a PUT', 'PUT', CONFIG_MAPS, 405, 'the server does not allow this method on the requested resource'],
  ['no name for a PUT of a custom resource', 'PUT', GADGETS, 400, 'name must be provided'],
  ['a deletion in all namespaces', 'DELETE', '/api/v1/configmaps', 405, 'the server does not allow this method on the requested resource'],
  ['one object in all namespaces', 'GET', '/api/v1/configmaps/c', 404, 'the server could not find the requested resource'],
  ['an empty namespace', 'GET', '/api/v1/namespaces//configmaps/c', 400, 'Namespace parameter required.'],
  ['a namespace for what has none', 'GET', '/api/v1/namespaces/default/nodes', 404, 'the server could not find the requested resource'],
  ['dots for a name', 'GET', `${CONFIG_MAPS}/..`, 400, `Name parameter invalid: "..": may not be '..'`],
  ['bytes that are no text', 'GET', `${CONFIG_MAPS}/c%ff`, 404, 'configmaps "c\\xff" not found'],
  ['an escaped slash', 'GET', `${CONFIG_MAPS}%2Fnosuch`, 404, 'configmaps "nosuch" not found'],
  ['a method that nobody knows', 'TRACE', `${CONFIG_MAPS}/c`, 405, 'the server does not allow this method on the requested resource'],
  ['HEAD', 'HEAD', `${CONFIG_MAPS}/c`, 405, 'the server does not allow this method on the requested resource'],
  ['OPTIONS', 'OPTIONS', CONFIG_MAPS, 405, 'the server does not allow this method on the requested resource'],
  ['a document that is posted to', 'POST', '/version', 405, 'the server does not allow this method on the requested resource'],
  [
    'a wait that is no time',
    'GET',
    `${CONFIG_MAPS}?timeout=abc`,
    400,
    'invalid timeout specified in the request URL - time: invalid duration "abc"',
  ],
];

test.each(PATHS)('%s: %s %s', async (_, method, url, code, message) => {
  const response = await server.ask(url, { method });
  expect([response.code, messageOf(response)]).toEqual([code, message]);
});

const FOUND: readonly (readonly [situation: string, url: string])[] = [
  ['a parameter that nobody knows', `${CONFIG_MAPS}?nosuch=1`],
  ['a parameter whose escape is broken', `${CONFIG_MAPS}?labelSelector=%zz`],
  ['a parameter with a semicolon', `${CONFIG_MAPS}?labelSelector=a;b=c`],
];

test.each(FOUND)('passed over: %s', async (_, url) => {
  expect((await server.ask(url)).code).toBe(200);
});

test('two slashes at the beginning lead nowhere', async () => {
  expect(text(await server.ask(`/${CONFIG_MAPS}/c`))).toBe('404 page not found\n');
});

const PRETTY: readonly (readonly [situation: string, url: string, headers: Readonly<Record<string, string>>, indented: boolean])[] = [
  ['asked for', '?pretty=true', {}, true],
  ['asked for in Accept', '', { accept: 'application/json;pretty=1' }, true],
  ['for curl', '', { 'user-agent': 'curl/8.0' }, true],
  ['for curl that does not want it', '?pretty=0', { 'user-agent': 'curl/8.0' }, false],
  ['for programs', '', { 'user-agent': 'kubectl/v1.36.0' }, false],
];

test.each(PRETTY)('JSON is indented: %s', async (_, query, headers, indented) => {
  const answered = text(await server.ask(`${CONFIG_MAPS}/c${query}`, { headers }));
  expect(answered.startsWith('{\n  "kind"')).toBe(indented);
});

test('what is large is compressed for those who take that', async () => {
  const own = await httpServer();
  const data = { x: 'y'.repeat(200_000) };
  await own.ask(CONFIG_MAPS, { method: 'POST', body: { metadata: { name: 'large' }, data } });
  const response = await own.ask(`${CONFIG_MAPS}/large`, { headers: { 'accept-encoding': 'br, gzip;q=0.5' } });
  expect(response.headers['content-encoding']).toBe('gzip');
  expect(JSON.parse(gunzipSync(response.body as Uint8Array).toString())).toMatchObject({ data });
  expect((await own.ask(`${CONFIG_MAPS}/large`)).headers['content-encoding']).toBeUndefined();
});

/** What a watch sends until it has sent so much. */
async function watched(
  url: string,
  asked: Asked,
  enough: (sent: Buffer) => boolean,
): Promise<{ readonly type: unknown; readonly sent: Buffer }> {
  const response = await server.ask(url, asked);
  const body = response.body as ByteStream;
  let sent = Buffer.alloc(0);
  while (!enough(sent)) sent = Buffer.concat([sent, Buffer.from((await body.next())!)]);
  body.cancel();
  return { type: response.headers['content-type'], sent };
}

test('a watch in protobuf is a stream of frames, each with its length', async () => {
  const url = `${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name=c`;
  const { type, sent } = await watched(url, accept(`${PROTOBUF};stream=watch`), (bytes) => bytes.length > 0);
  expect(type).toBe(`${PROTOBUF};stream=watch`);
  expect(sent.readUInt32BE(0)).toBe(sent.length - 4);
  const object = sent.subarray(sent.indexOf('k8s\0'));
  expect(sent.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
  expect(decodeEnvelope(openEnvelope(object))).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'c' } });
});

test('a watch of tables tells its columns once', async () => {
  await server.ask(CONFIG_MAPS, { method: 'POST', body: { metadata: { name: 'd', labels: { w: '1' } } } });
  await server.ask(CONFIG_MAPS, { method: 'POST', body: { metadata: { name: 'e', labels: { w: '1' } } } });
  const asked = accept(`${PROTOBUF};${TABLE},application/json;${TABLE}`);
  const lines = (bytes: Buffer): string[] => bytes.toString().split('\n').slice(0, -1);
  const { type, sent } = await watched(`${CONFIG_MAPS}?watch=1&labelSelector=w`, asked, (bytes) => lines(bytes).length === 2);
  expect(type).toBe('application/json');
  const [first, second] = lines(sent).map((line) => JSON.parse(line) as { readonly object: JsonObject });
  expect(first!.object).toMatchObject({ kind: 'Table', columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }] });
  expect(second!.object['columnDefinitions']).toBeNull();
});

test('items of a list do not repeat their kind, those of metadata and of custom resources do', async () => {
  const kinds = async (url: string, value = 'application/json'): Promise<unknown[]> =>
    ((await server.json(url, accept(value)))['items'] as readonly JsonObject[]).slice(0, 1).map((item) => item['kind']);
  expect(await kinds(CONFIG_MAPS)).toEqual([undefined]);
  expect(await kinds(GADGETS)).toEqual(['Gadget']);
  expect(await kinds(CONFIG_MAPS, 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')).toEqual(['PartialObjectMetadata']);
});

test('who says how long to wait is not kept longer', async () => {
  const version = server.store.revision + 1000;
  const asked = server.ask(`${CONFIG_MAPS}?resourceVersion=${version}&timeout=1s`);
  await server.clock.advance(1000);
  const response = await asked;
  expect([response.code, messageOf(response)]).toEqual([
    504,
    'Timeout: request did not complete within requested timeout - context deadline exceeded',
  ]);
});

test('the scale of a custom resource can be had in protobuf', async () => {
  const object = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'scaled' }, spec: { n: 3 } };
  const own = await httpServer();
  const spec = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await own.ask(CRDS, { method: 'POST', body: gadgets(['v1'], spec) });
  await own.ask(GADGETS, { method: 'POST', body: object });
  const { code, body } = await own.ask(`${GADGETS}/scaled/scale`, accept(PROTOBUF));
  expect(code).toBe(200);
  expect(decodeEnvelope(openEnvelope(body as Uint8Array))).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
});

test('answers are not to be kept by whoever passes them on', async () => {
  expect((await server.ask(`${CONFIG_MAPS}/c`)).headers['cache-control']).toBe('no-cache, private');
});
