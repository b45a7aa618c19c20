// Roles and bindings that the server comes with, at its next start: what has been taken out of them is put back, what has been added stays.
// Whoever sets the annotation to false looks after the object alone. Follows component-helpers/auth/rbac/reconciliation.
import type { AggregationRule, ClusterRole, PolicyRule, RoleBinding, Subject } from '#api/rbac/v1';
import { deepEqual, type KubernetesObject, type Manifest } from '../../../apimachinery/object.ts';
import { uncovered } from '../authorization/policy-rules.ts';

const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/** Where the store has what is looked after. */
export const RBAC_FOLDERS: readonly string[] = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'];

/** `recreate`: nobody may change to which role a binding refers. Undefined where there is nothing to do. */
export function reconciled(existing: KubernetesObject, wanted: Manifest<KubernetesObject>): KubernetesObject | 'recreate' | undefined {
  if (existing.metadata.annotations?.[AUTO_UPDATE] === 'false') return undefined;
  const fields = wanted['roleRef']
    ? bindingFields(existing as unknown as RoleBinding, wanted as unknown as RoleBinding)
    : roleFields(existing as unknown as ClusterRole, wanted as unknown as ClusterRole);
  if (fields === 'recreate') return fields;
  const { labels, annotations } = existing.metadata;
  const added = {
    ...missing('labels', labels, wanted.metadata.labels),
    ...missing('annotations', annotations, wanted.metadata.annotations),
  };
  if (!fields && Object.keys(added).length === 0) return undefined;
  return { ...existing, ...fields, metadata: { ...existing.metadata, ...added } };
}

type Texts = Readonly<Record<string, string>>;

function missing(field: string, has: Texts = {}, wanted: Texts = {}): Record<string, Texts> {
  return Object.keys(wanted).every((key) => Object.hasOwn(has, key)) ? {} : { [field]: { ...wanted, ...has } };
}

function roleFields(existing: ClusterRole, wanted: ClusterRole): Partial<ClusterRole> | undefined {
  // the rules of an aggregated role are another controller's
  if (wanted.aggregationRule) return aggregation(existing.aggregationRule, wanted.aggregationRule);
  const has = existing.rules ?? [];
  const wants = wanted.rules ?? [];
  const lacks: readonly PolicyRule[] = deepEqual(has, wants) ? [] : uncovered(has, wants);
  return lacks.length ? { rules: [...has, ...lacks] } : undefined;
}

function aggregation(existing: AggregationRule | undefined, wanted: AggregationRule): Partial<ClusterRole> | undefined {
  const has = existing?.clusterRoleSelectors ?? [];
  const lacks = (wanted.clusterRoleSelectors ?? []).filter((selector) => !has.some((one) => deepEqual(one, selector)));
  return lacks.length ? { aggregationRule: { clusterRoleSelectors: [...has, ...lacks] } } : undefined;
}

function bindingFields(existing: RoleBinding, wanted: RoleBinding): Partial<RoleBinding> | 'recreate' | undefined {
  if (!deepEqual(existing.roleRef, wanted.roleRef)) return 'recreate';
  const has: readonly Subject[] = existing.subjects ?? [];
  const lacks = (wanted.subjects ?? []).filter((subject) => !has.some((one) => deepEqual(one, subject)));
  return lacks.length ? { subjects: [...has, ...lacks] } : undefined;
}
