import { expect, it } from 'vitest';
import { decodeUnstructured } from '../../../src/apimachinery/patch/unstructured.ts';
import { structType } from '../../../src/apimachinery/schema/schema.ts';

const pod = structType('core/v1.Pod');
const secret = structType('core/v1.Secret');

it('decodes what is valid, and tells unknown fields in order', () => {
  const { object, strictErrors } = decodeUnstructured(pod, {
    spec: { nope: 1, containers: [{ name: 'c', also: 1 }] },
    apiVersion: 'v1',
    kind: 'Pod',
  });
  expect(object).toMatchObject({ kind: 'Pod', spec: { containers: [{ name: 'c', resources: {} }] } });
  expect(strictErrors).toEqual(['unknown field "spec.containers[0].also"', 'unknown field "spec.nope"']);
});

const container = (fields: object): object => ({ spec: { containers: [{ name: 'c', ...fields }] } });

it.each([
  ['a number for a text', { metadata: { name: 5 } }, 'cannot convert int64 to string'],
  ['a number for a named text', container({ imagePullPolicy: 5 }), 'cannot convert int64 to v1.PullPolicy'],
  ['a fraction for a text', { metadata: { name: 1.5 } }, 'unrecognized type: string'],
  ['a map for a text', { metadata: { name: {} } }, 'unrecognized type: string'],
  ['a text for a number', container({ ports: [{ containerPort: '80' }] }), 'unrecognized type: int32'],
  ['a fraction for a number', container({ ports: [{ containerPort: 1.5 }] }), 'cannot convert float64 to int32'],
  ['a text for a truth value', { spec: { hostNetwork: 'yes' } }, 'unrecognized type: bool'],
  ['a text for a map', { metadata: { labels: 'x' } }, 'cannot restore map from string'],
  ['a list for a map', { metadata: { labels: [] } }, 'cannot restore map from slice'],
  ['a map for a list', { spec: { containers: {} } }, 'cannot restore slice from map'],
  ['a truth value for a struct', { spec: true }, 'cannot restore struct from: bool'],
  ['a number for what a pointer points to', container({ securityContext: 5 }), 'cannot restore struct from: int64'],
  [
    'a truth value for a port',
    container({ livenessProbe: { httpGet: { port: true } } }),
    'json: cannot unmarshal bool into Go value of type int32',
  ],
  [
    'what is no time',
    { metadata: { creationTimestamp: 'x' } },
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
])('refuses %s', (_, object, message) => {
  expect(() => decodeUnstructured(pod, object as never)).toThrow(expect.objectContaining({ name: 'DecodeError', message }));
});

it.each([
  ['what is no base64', 'A', 'error decoding from json: illegal base64 data at input byte 0'],
  ['a number', 5, 'cannot restore slice from int64'],
  ['a list of texts', ['x'], 'unrecognized type: uint8'],
])('refuses %s for bytes', (_, value, message) => {
  expect(() => decodeUnstructured(secret, { data: { key: value } })).toThrow(message);
});
