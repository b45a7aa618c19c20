// Rules of differences in short.
import { expect, test } from 'vitest';
import { parseIgnoreDifference } from '../../../src/reconcile/apps/ignore-difference.ts';

const ANY = { group: '*', name: '', namespace: '', jsonPointers: [], jqPathExpressions: [], managedFieldsManagers: [] };

test.each([
  ['a pointer', 'Deployment/web:/spec/replicas', { ...ANY, kind: 'Deployment', name: 'web', jsonPointers: ['/spec/replicas'] }],
  ['a group', 'Deployment.apps:/a', { ...ANY, kind: 'Deployment', group: 'apps', jsonPointers: ['/a'] }],
  [
    'a group with dots',
    'Ingress.networking.k8s.io/x:/a',
    { ...ANY, kind: 'Ingress', group: 'networking.k8s.io', name: 'x', jsonPointers: ['/a'] },
  ],
  ['a path of jq', 'Secret:.data["a:b"]', { ...ANY, kind: 'Secret', jqPathExpressions: ['.data["a:b"]'] }],
  ['a manager of all kinds', '*:manager=flagger', { ...ANY, kind: '*', managedFieldsManagers: ['flagger'] }],
  ['no fields', 'Deployment/web', undefined],
  ['fields of no kind', ':/spec', undefined],
  ['neither pointer nor path', 'Deployment:spec.replicas', undefined],
  ['no manager', '*:manager=', undefined],
])('%s', (_, text, rule) => {
  expect(parseIgnoreDifference(text)).toEqual(rule);
});
