// What of a manifest is sent to the server.
import { expect, test } from 'vitest';
import type { DesiredObject } from '../../../src/reconcile/render/manifest-document.ts';
import { asDesired } from '../../../src/reconcile/plan/desired.ts';

const sent = (object: DesiredObject): unknown => asDesired(object, undefined, () => false, 'default')[0]!.object;

test.each<readonly [rule: string, object: DesiredObject, left: readonly string[]]>([
  [
    'the rules of an aggregated ClusterRole are for the control plane to fill in, also where the manifest has an empty list',
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'x' }, aggregationRule: {}, rules: [] },
    ['apiVersion', 'kind', 'metadata', 'aggregationRule'],
  ],
  [
    'those of any other are its own',
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'x' }, rules: [] },
    ['apiVersion', 'kind', 'metadata', 'rules'],
  ],
  [
    'a status is what others report',
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' }, status: { phase: 'Active' } },
    ['apiVersion', 'kind', 'metadata'],
  ],
])('%s', (_, object, left) => {
  expect(Object.keys(sent(object) as object).sort()).toEqual([...left].sort());
});
