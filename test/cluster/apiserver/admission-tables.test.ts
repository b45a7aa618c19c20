// Tables of admission policies, their bindings and webhook configurations.
import { expect, test } from 'vitest';
import {
  mutatingPolicyColumns,
  policyBindingColumns,
  validatingPolicyColumns,
  webhookColumns,
} from '../../../src/cluster/apiserver/tables/admissionregistration.ts';

const NOW = Date.UTC(2026, 0, 2);
const metadata = { name: 'one', creationTimestamp: '2026-01-01T00:00:00Z' };
const selector = { matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['x', 'y'] }] };
const GO_SELECTOR =
  '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},},}';

test.each([
  ['webhooks are counted', webhookColumns, { metadata, webhooks: [{}, {}] }, ['one', 2, '24h']],
  ['a policy without parameters', validatingPolicyColumns, { metadata, spec: { validations: [{}] } }, ['one', 1, '<unset>', '24h']],
  [
    'the kind of parameters',
    mutatingPolicyColumns,
    { metadata, spec: { mutations: [], paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } },
    ['one', 0, 'v1/ConfigMap', '24h'],
  ],
  ['a binding without parameters', policyBindingColumns, { metadata, spec: { policyName: 'p' } }, ['one', 'p', '<unset>', '24h']],
  [
    'parameters of a namespace',
    policyBindingColumns,
    { metadata, spec: { policyName: 'p', paramRef: { name: 'x', namespace: 'n' } } },
    ['one', 'p', 'n/x', '24h'],
  ],
  [
    'parameters by labels',
    policyBindingColumns,
    { metadata, spec: { policyName: 'p', paramRef: { selector } } },
    ['one', 'p', GO_SELECTOR, '24h'],
  ],
])('%s', (_, columns, object, cells) => {
  expect(columns.cells(object as never, NOW)).toEqual(cells);
});
