// Rules in CEL on custom resources: schema, object and the object before, and what is refused or only warned about.
import { expect, it } from 'vitest';
import { fieldErrorText } from '../../../../src/apimachinery/validation/field-error.ts';
import { ruleEvaluator } from '../../../../src/cluster/apiserver/custom/evaluate-rules.ts';
import type { Structural } from '../../../../src/cluster/apiserver/custom/structural-schema.ts';

const text = { type: 'string', maxLength: 20 };
const rules = (...list: object[]): object => ({ 'x-kubernetes-validations': list });

function outcome(schema: object, object: object, old?: object): string[] {
  const warnings: string[] = [];
  const whole = { type: 'object', properties: { spec: schema } } as unknown as Structural;
  const meta = { apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x' } };
  const errors = ruleEvaluator(whole)({ ...meta, spec: object }, old && { ...meta, spec: old }, (w) => warnings.push(w));
  return [...errors.map(fieldErrorText), ...warnings.map((w) => `warning: ${w}`)];
}

const object = (properties: object, ...list: object[]): object => ({ type: 'object', properties, ...rules(...list) });

it.each<readonly [string, object, object, object | undefined, readonly string[]]>([
  ['a rule that holds', object({ a: text }, { rule: "self.a == 'x'" }), { a: 'x' }, undefined, []],
  [
    'a rule that fails, without message',
    object({ a: text }, { rule: "self.a == 'x'" }),
    { a: 'y' },
    undefined,
    ["spec: Invalid value: failed rule: self.a == 'x'"],
  ],
  [
    'reason, path and message',
    object({ a: text }, { rule: "self.a == 'x'", message: 'must be x', reason: 'FieldValueForbidden', fieldPath: '.a' }),
    { a: 'y' },
    undefined,
    ['spec.a: Forbidden: must be x'],
  ],
  [
    'a scalar is shown',
    object({ a: { ...text, ...rules({ rule: "self != 'y'", message: 'not y' }) } }),
    { a: 'y' },
    undefined,
    ['spec.a: Invalid value: "y": not y'],
  ],
  [
    'a message that is reckoned',
    object({ a: text }, { rule: "self.a == 'x'", message: 'plain', messageExpression: "'got ' + self.a" }),
    { a: 'y' },
    undefined,
    ['spec: Invalid value: got y'],
  ],
  [
    'a message that cannot be reckoned',
    object({ a: text, b: text }, { rule: "self.a == 'x'", message: 'plain', messageExpression: "'got ' + self.b" }),
    { a: 'y' },
    undefined,
    ['spec: Invalid value: plain'],
  ],
  [
    'an error of a rule',
    object({ a: text }, { rule: "self.a == 'x'", message: 'must be x' }),
    {},
    undefined,
    ['spec: Invalid value: "object": no such key: a evaluating rule: must be x'],
  ],
  ['transition rules wait for something old', object({ a: { ...text, ...rules({ rule: 'self == oldSelf' }) } }), { a: 'y' }, undefined, []],
  [
    'a transition rule',
    object({ a: { ...text, ...rules({ rule: 'self == oldSelf', message: 'immutable' }) } }),
    { a: 'y' },
    { a: 'x' },
    ['spec.a: Invalid value: "y": immutable'],
  ],
  [
    'an optional oldSelf',
    object({ a: { ...text, ...rules({ rule: "oldSelf.hasValue() || self == 'first'", optionalOldSelf: true }) } }),
    { a: 'y' },
    undefined,
    ['spec.a: Invalid value: "y": failed rule: oldSelf.hasValue() || self == \'first\''],
  ],
  [
    'what was wrong before may stay so',
    object({ a: { ...text, ...rules({ rule: "self != 'y'", message: 'not y' }) }, b: text }),
    { a: 'y', b: 'new' },
    { a: 'y' },
    ['warning: spec.a: Invalid value: "y": not y'],
  ],
  [
    'items of a map by their keys',
    object({
      l: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: object({ k: text, v: { type: 'integer' } }, { rule: 'self.v >= oldSelf.v', message: 'grows' }),
      },
    }),
    {
      l: [
        { k: 'b', v: 1 },
        { k: 'a', v: 1 },
      ],
    },
    { l: [{ k: 'a', v: 2 }] },
    ['spec.l[1]: Invalid value: grows'],
  ],
  [
    'names that are escaped',
    object({ namespace: text, 'a-b': text }, { rule: 'self.__namespace__ == self.a__dash__b' }),
    { namespace: 'x', 'a-b': 'y' },
    undefined,
    ['spec: Invalid value: failed rule: self.__namespace__ == self.a__dash__b'],
  ],
  [
    'sets are equal in any order',
    object({ s: { type: 'array', 'x-kubernetes-list-type': 'set', items: text } }, { rule: "self.s == ['b', 'a']" }),
    { s: ['a', 'b'] },
    undefined,
    [],
  ],
  [
    'int-or-string',
    object({
      p: { 'x-kubernetes-int-or-string': true, ...rules({ rule: "type(self) == int ? self < 10 : self == 'ten'", message: 'small' }) },
    }),
    { p: 11 },
    undefined,
    ['spec.p: Invalid value: 11: small'],
  ],
  [
    'embedded objects have names',
    object({
      e: { type: 'object', 'x-kubernetes-embedded-resource': true, ...rules({ rule: "self.metadata.name == 'x'", message: 'named x' }) },
    }),
    { e: { apiVersion: 'v1', kind: 'X', metadata: { name: 'y' } } },
    undefined,
    ['spec.e: Invalid value: named x'],
  ],
  [
    'rules end when they have cost too much',
    object(
      { n: { type: 'integer' } },
      { rule: 'lists.range(1000).all(a, lists.range(1000).all(b, a + b + self.n >= 0))' },
      { rule: 'self.n < 0' },
    ),
    { n: 1 },
    undefined,
    [
      'spec: Invalid value: "object": \'operation cancelled: actual cost limit exceeded\': no further validation rules will be run due to call cost exceeds limit for rule: lists.range(1000).all(a, lists.range(1000).all(b, a + b + self.n >= 0))',
    ],
  ],
])('%s', (_, schema, value, old, expected) => {
  expect(outcome(schema, value, old)).toEqual(expected);
});
