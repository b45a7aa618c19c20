// The protobuf codec against objects that Kubernetes wrote, and against bytes that nobody should write.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decode } from '../../../../src/apimachinery/codec/decode.ts';
import {
  decodeEnvelope,
  encodeProtobuf,
  openEnvelope,
  protobufType,
  watchFrame,
} from '../../../../src/apimachinery/codec/protobuf/envelope.ts';
import { ProtobufError } from '../../../../src/apimachinery/codec/protobuf/wire.ts';
import type { GoType } from '../../../../src/apimachinery/schema/go-type.ts';
import { builtinKinds, structType } from '../../../../src/apimachinery/schema/schema.ts';
import type { JsonObject } from '../../../../src/apimachinery/object.ts';

const RECORDED = Object.entries(
  JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'objects.json'), 'utf8')) as Record<
    string,
    { readonly protobuf: string; readonly object: JsonObject }
  >,
);

function read(bytes: Uint8Array): unknown {
  const envelope = openEnvelope(bytes);
  return decode(protobufType(envelope.apiVersion, envelope.kind)!, decodeEnvelope(envelope)).object;
}

test.each(RECORDED)('%s is read', (_, { protobuf, object }) => {
  expect(read(Buffer.from(protobuf, 'base64'))).toEqual(object);
});

test.each(RECORDED)('%s is written to the same bytes', (_, { protobuf, object }) => {
  expect(Buffer.from(encodeProtobuf(object)!).toString('base64')).toBe(protobuf);
});

const schema = {
  type: 'object',
  properties: { replicas: { type: 'integer', default: 3, minimum: 0.5 }, any: { 'x-kubernetes-preserve-unknown-fields': true } },
  additionalProperties: false,
};

const THERE_AND_BACK: readonly (readonly [situation: string, object: JsonObject])[] = [
  [
    'a definition whose schema contains itself',
    {
      kind: 'CustomResourceDefinition',
      apiVersion: 'apiextensions.k8s.io/v1',
      metadata: { name: 'gadgets.example.com', annotations: { b: '2', a: 'ü😀' } },
      spec: {
        group: 'example.com',
        names: { plural: 'gadgets', kind: 'Gadget' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
      status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
    },
  ],
  [
    'integers below zero and beyond 2^53',
    {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p', generation: 9223372036854775807n, deletionGracePeriodSeconds: -1 },
      spec: { containers: null, priority: -2147483648, activeDeadlineSeconds: 9007199254740991 },
      status: {},
    },
  ],
  [
    'a list',
    {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '7', remainingItemCount: 3 },
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' }, data: { '': '' } }],
    },
  ],
];

test.each(THERE_AND_BACK)('%s comes back as it went', (_, object) => {
  expect(read(encodeProtobuf(object)!)).toEqual(object);
});

test('every field of every kind has a number of its own', () => {
  const seen = new Set<string>();
  const wrong: string[] = [];
  const visit = (type: GoType): void => {
    if (type.is === 'pointer' || type.is === 'slice' || type.is === 'map') visit(type.elem);
    if (type.is !== 'struct' || seen.has(type.name)) return;
    seen.add(type.name);
    const numbers = new Set<number>();
    for (const { json, number, type: inner } of type.declared) {
      visit(inner);
      if (number === undefined ? json !== '' : numbers.has(number)) wrong.push(`${type.name}.${json}`);
      if (number !== undefined) numbers.add(number);
    }
  };
  for (const { type } of builtinKinds()) visit(structType(type));
  expect(wrong).toEqual([]);
  expect(seen.size).toBeGreaterThan(500);
});

test('of an object that is part of a list, kind and version are not repeated', () => {
  const item = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } };
  const list = encodeProtobuf({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: [item] })!;
  expect(read(list)).toEqual({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: [{ metadata: { name: 'a' } }] });
});

test('what has no form in protobuf is not written', () => {
  expect(encodeProtobuf({ kind: 'Gadget', apiVersion: 'example.com/v1' })).toBeUndefined();
  expect(encodeProtobuf({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', rows: [] })).toBeUndefined();
});

test('a frame of a watch begins with its length', () => {
  const frame = Buffer.from(watchFrame('ADDED', Buffer.from('xyz')));
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(frame.subarray(4).toString('latin1')).toBe('\n\x05ADDED\x12\x05\n\x03xyz');
});

const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const varint = (n: number): Buffer =>
  n < 128 ? Buffer.from([n]) : Buffer.concat([Buffer.from([(n % 128) | 128]), varint(Math.floor(n / 128))]);
const configMap = (message: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from('ConfigMap'))])),
    field(2, message),
  ]);

const WRONG: readonly (readonly [situation: string, bytes: Buffer, error: string])[] = [
  ['no prefix', Buffer.from('{}'), 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
  ['an envelope that is cut off', Buffer.from('k8s\0\n\x7f'), 'unexpected EOF'],
  ['a message that is cut off', configMap(Buffer.from([10, 5, 1])), 'unexpected EOF'],
  ['a length without end', configMap(Buffer.from([10, ...Array<number>(11).fill(255)])), 'proto: integer overflow'],
  ['a negative length', configMap(Buffer.from([10, ...Array<number>(9).fill(255), 1])), 'proto: negative length found during unmarshaling'],
  ['a number for a message', configMap(Buffer.from([8, 1])), 'proto: wrong wireType = 0 for field ObjectMeta'],
  ['an end without a beginning', configMap(Buffer.from([12])), 'proto: ConfigMap: wiretype end group for non-group'],
  ['field number zero', configMap(Buffer.from([2, 0])), 'proto: ConfigMap: illegal tag 0 (wire type 2)'],
  ['groups without end', configMap(Buffer.alloc(100_000, 123)), 'proto: too deeply nested'],
];

test.each(WRONG)('%s is refused', (_, bytes, error) => {
  expect(() => read(bytes)).toThrow(new ProtobufError(error));
});

test('unknown fields are passed over', () => {
  const bytes = configMap(Buffer.concat([field(99, Buffer.from('?')), field(1, field(1, Buffer.from('a')))]));
  expect(read(bytes)).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } });
});

test('schemas nested without end do not exhaust the stack', () => {
  let message: Buffer = Buffer.alloc(0);
  for (let i = 0; i < 2000; i++) message = field(28, message);
  expect(() => decodeEnvelope({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'JSONSchemaProps', raw: message })).toThrow(ProtobufError);
});
