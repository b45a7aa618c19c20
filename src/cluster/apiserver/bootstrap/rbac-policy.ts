// Roles and bindings of a fresh API server, as objects. Aggregated roles are made as the aggregation controller leaves them, so that an
// API server alone has them too.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '#api/rbac/v1';
import { deepEqual, type Manifest } from '../../../apimachinery/object.ts';
import { AGGREGATED_INTO, AGGREGATED_ROLES, CLUSTER_ROLES } from './cluster-roles.ts';
import { CONTROLLER_ROLES } from './controller-roles.ts';
import { EVENTS, policyRule } from './policy-rule.ts';

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;
const CONTROLLERS_NAMESPACE = 'kube-system';
const CONTROLLER = 'system:controller:';

const metadata = (name: string, namespace?: string, labels: Readonly<Record<string, string>> = {}): Manifest<Role>['metadata'] => ({
  name,
  ...(namespace ? { namespace } : {}),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

const user = (name: string): Subject => ({ kind: 'User', apiGroup: GROUP, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: GROUP, name });
const serviceAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: CONTROLLERS_NAMESPACE });

const aggregationLabel = (name: string): Readonly<Record<string, string>> => {
  const into = AGGREGATED_INTO[name];
  return into ? { [AGGREGATED_ROLES[into]!]: 'true' } : {};
};

export function clusterRoles(): Manifest<ClusterRole>[] {
  const all = Object.entries({ ...CLUSTER_ROLES, ...prefixed(CONTROLLER_ROLES) }).map(([name, rules]): Manifest<ClusterRole> => ({
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: metadata(name, undefined, aggregationLabel(name)),
    rules: rules.map(policyRule),
  }));
  // from the smallest to the largest: each is part of the next
  for (const [name, label] of Object.entries(AGGREGATED_ROLES)) {
    const parts = all
      .filter((role) => role.metadata.labels?.[label])
      .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
    all.push({
      apiVersion: API_VERSION,
      kind: 'ClusterRole',
      metadata: metadata(name, undefined, aggregationLabel(name)),
      rules: eachOnce(parts.flatMap(({ rules }) => rules ?? [])),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] },
    });
  }
  return all;
}

const prefixed = (roles: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(roles).map(([name, rules]) => [CONTROLLER + name, rules]));

function eachOnce(rules: readonly PolicyRule[]): PolicyRule[] {
  const found: PolicyRule[] = [];
  for (const rule of rules) if (!found.some((known) => deepEqual(known, rule))) found.push(rule);
  return found;
}

/** Who has which ClusterRole everywhere; the roles of controllers besides. */
const CLUSTER_BINDINGS: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [serviceAccount('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
};

export function clusterRoleBindings(): Manifest<ClusterRoleBinding>[] {
  const controllers = Object.keys(CONTROLLER_ROLES).map((name) => [CONTROLLER + name, [serviceAccount(name)]] as const);
  return [...Object.entries(CLUSTER_BINDINGS), ...controllers].map(([name, subjects]) => ({
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    ...(subjects.length ? { subjects: [...subjects] } : {}),
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
  }));
}

interface NamespacedRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly string[];
  readonly subjects: readonly Subject[];
  /** Of the binding, where it is not the role's. */
  readonly bindingName?: string;
}

const LOCKS = ['create read update: leases @ coordination.k8s.io', 'create read update: leasecandidates @ coordination.k8s.io'];

const NAMESPACED_ROLES: readonly NamespacedRole[] = [
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    rules: ['read: configmaps', 'update: configmaps [cluster-info]', EVENTS],
    subjects: [serviceAccount('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    rules: ['read: configmaps [extension-apiserver-authentication]'],
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
    bindingName: 'system::extension-apiserver-authentication-reader',
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: LOCKS,
    subjects: [
      user('system:kube-controller-manager'),
      serviceAccount('kube-controller-manager'),
      serviceAccount('leader-election-controller'),
    ],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: LOCKS,
    subjects: [user('system:kube-scheduler'), serviceAccount('kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    rules: ['read: secrets'],
    subjects: [serviceAccount('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    rules: ['create read: configmaps'],
    subjects: [serviceAccount('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    rules: ['delete read: secrets', EVENTS],
    subjects: [serviceAccount('token-cleaner')],
  },
];

export function roles(): Manifest<Role>[] {
  return NAMESPACED_ROLES.map(({ namespace, name, rules }) => ({
    apiVersion: API_VERSION,
    kind: 'Role',
    metadata: metadata(name, namespace),
    rules: rules.map(policyRule),
  }));
}

export function roleBindings(): Manifest<RoleBinding>[] {
  return NAMESPACED_ROLES.map(({ namespace, name, subjects, bindingName = name }) => ({
    apiVersion: API_VERSION,
    kind: 'RoleBinding',
    metadata: metadata(bindingName, namespace),
    subjects: [...subjects],
    roleRef: { apiGroup: GROUP, kind: 'Role', name },
  }));
}
