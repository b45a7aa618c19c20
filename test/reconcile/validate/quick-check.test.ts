// The quick check of objects: what fits is not looked at again, so it must be right; what does not is judged by the real validator.
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { groupVersion } from '../../../src/apimachinery/object.ts';
import { builtinKinds } from '../../../src/apimachinery/schema/schema.ts';
import { QuickCheck } from '../../../src/reconcile/validate/quick-check.ts';
import { formatComplaint } from '../../../src/reconcile/validate/schema-check.ts';

const check = new QuickCheck((format, text) => formatComplaint(format, text) === undefined);
const fits = (type: string, object: object): boolean => check.fits(type, object);

const container = { name: 'web', image: 'web:1' };
const pod = (spec: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec });

test.each<readonly [situation: string, type: string, object: object, fits: boolean]>([
  ['a plain pod', 'core/v1.Pod', pod({ containers: [container] }), true],
  ['null is the same as nothing', 'core/v1.Pod', pod({ containers: [{ ...container, ports: null }], volumes: null }), true],
  ['an unknown field', 'core/v1.Pod', pod({ containers: [{ ...container, imagee: 'x' }] }), false],
  ['a field that is not there by inheritance', 'core/v1.Pod', pod({ containers: [container], constructor: {} }), false],
  ['a required field is missing', 'core/v1.Pod', pod({ containers: [{ ...container, ports: [{ name: 'http' }] }] }), false],
  ['a required field is null', 'core/v1.Pod', pod({ containers: [{ ...container, ports: [{ containerPort: null }] }] }), false],
  ['a number where text must be', 'core/v1.Pod', pod({ containers: [{ ...container, image: 1 }] }), false],
  ['a list where a mapping must be', 'core/v1.Pod', pod([]), false],
  ['an integer', 'core/v1.Pod', pod({ containers: [container], priority: 2 ** 31 - 1 }), true],
  ['an integer out of range', 'core/v1.Pod', pod({ containers: [container], priority: 2 ** 31 }), false],
  ['a fraction where an integer must be', 'core/v1.Pod', pod({ containers: [container], priority: 1.5 }), false],
  ['an integer of 64 bits', 'core/v1.Pod', pod({ containers: [container], activeDeadlineSeconds: 2 ** 53 }), true],
  ['an integer of more', 'core/v1.Pod', pod({ containers: [container], activeDeadlineSeconds: 2 ** 63 }), false],
  ['an integer that only the real validator can judge', 'core/v1.Pod', pod({ activeDeadlineSeconds: 2n ** 60n }), false],
  ['a quantity', 'core/v1.Pod', pod({ containers: [{ ...container, resources: { requests: { cpu: '100m', memory: 1 } } }] }), true],
  ['no quantity', 'core/v1.Pod', pod({ containers: [{ ...container, resources: { requests: { cpu: 'much' } } }] }), false],
  ['base64', 'core/v1.Secret', { data: { a: 'aGk=' } }, true],
  ['no base64', 'core/v1.Secret', { data: { a: '!' } }, false],
  ['no time', 'core/v1.Pod', { metadata: { creationTimestamp: 'today' } }, false],
])('%s', (_, type, object, expected) => {
  expect(fits(type, object)).toBe(expected);
});

test('nearly all that a real API server accepts fits at once', () => {
  const types = new Map(builtinKinds().map((facts) => [`${groupVersion(facts)}/${facts.kind}`, facts.type]));
  const accepted = fs
    .readFileSync(new URL('recorded.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(
      (line) => JSON.parse(line) as { readonly accepted: boolean; readonly object: { readonly apiVersion: string; readonly kind: string } },
    )
    .filter((recorded) => recorded.accepted);
  const quick = accepted.filter(({ object }) => fits(types.get(`${object.apiVersion}/${object.kind}`) ?? '', object));
  expect(quick.length / accepted.length).toBeGreaterThan(0.95);
});
