import { expect, test } from 'vitest';
import type { ClusterRole, PolicyRule } from '#api/rbac/v1';
import { aggregatedRules } from '../../../src/cluster/controllers/cluster-role-aggregation.ts';
import { stored } from './harness.ts';

const rule = (resource: string): PolicyRule => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
const role = (name: string, labels: Readonly<Record<string, string>>, ...rules: PolicyRule[]): ClusterRole =>
  stored<ClusterRole>({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name, labels }, rules });

test('rules of matching roles by name, each once, never its own', () => {
  const all = {
    ...role('all', { part: 'yes' }, rule('own')),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
  };
  const roles = [
    role('b', { part: 'yes' }, rule('pods'), rule('secrets')),
    role('a', { part: 'yes' }, rule('pods')),
    role('c', {}, rule('nodes')),
    all,
  ];
  expect(aggregatedRules(all, roles).map((r) => r.resources?.[0])).toEqual(['pods', 'secrets']);
});
