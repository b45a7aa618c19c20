import { expect, it } from 'vitest';
import { extractApplied } from '../../../src/apimachinery/apply/extract.ts';
import { goApplyType } from '../../../src/apimachinery/apply/go-schema.ts';
import { deepFreeze } from '../../../src/apimachinery/object.ts';
import { fieldManagerOf, Seconds, stored, typeOfKind } from './fixtures.ts';

const KIND = 'v1/Service';
const services = fieldManagerOf(KIND, new Seconds());
const body = (spec: object, metadata: object = {}): { apiVersion: string; kind: string; metadata: object; spec: object } =>
  deepFreeze({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's', ...metadata }, spec });
let live = stored(
  services.apply(
    undefined,
    body({ type: 'ClusterIP', selector: { a: 'b' }, ports: [{ port: 80, name: 'web' }] }, { labels: { l: '1' } }),
    'one',
    false,
  ),
);
live = stored(services.apply(live, body({ ports: [{ port: 80, appProtocol: 'http' }] }), 'two', false));

it.each([
  [
    'one',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { labels: { l: '1' } },
      spec: { type: 'ClusterIP', selector: { a: 'b' }, ports: [{ port: 80, name: 'web' }] },
    },
  ],
  ['two', { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 80, appProtocol: 'http' }] } }],
  ['three', undefined],
])('%s applied', (manager, applied) => {
  expect(extractApplied(goApplyType(typeOfKind(KIND)), live, manager)).toEqual(applied);
});

it('what was applied through a subresource is told apart', () => {
  expect(extractApplied(goApplyType(typeOfKind(KIND)), live, 'one', 'status')).toBeUndefined();
});
