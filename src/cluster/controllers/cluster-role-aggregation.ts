// ClusterRoles that are put together from others: their rules are those of all roles that their selectors match. Follows
// pkg/controller/clusterroleaggregation of kube-controller-manager.
import type { ClusterRole, PolicyRule } from '#api/rbac/v1';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';

const WORKERS = 5;
const KIND = 'rbac.authorization.k8s.io/v1/ClusterRole';

/** Rules of all matching roles by name, each once. */
export function aggregatedRules({ metadata, aggregationRule }: ClusterRole, roles: Iterable<ClusterRole>): readonly PolicyRule[] {
  const sorted = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const spec of aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = LabelSelector.fromSpec(spec);
    for (const role of sorted) {
      if (role.metadata.name === metadata.name || !selector.matches(role.metadata.labels)) continue;
      for (const rule of role.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

export function clusterRoleAggregationController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const roles = informers.of(KIND);
  roles.addIndex('aggregated', (role) => (role.aggregationRule ? ['yes'] : []));

  return controller({
    name: 'clusterrole-aggregation-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      // any role may be part of any other
      const changed = (): void => {
        for (const role of roles.byIndex('aggregated', 'yes')) queue.add(role.metadata.name);
      };
      roles.addHandler({ added: changed, updated: changed, deleted: changed });
    },
    async reconcile(name) {
      const role = roles.get('', name);
      if (!role?.aggregationRule) return;
      const rules = aggregatedRules(role, roles.list());
      if (deepEqual(role.rules ?? [], rules)) return;
      const applied = { apiVersion: role.apiVersion, kind: role.kind, metadata: { name }, rules };
      await client.patch(KIND, name, applied, { type: 'apply', force: true, fieldManager: 'clusterrole-aggregation-controller' });
    },
  });
}
