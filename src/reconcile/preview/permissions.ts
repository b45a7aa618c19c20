// Who may do what, as the cluster itself resolves its roles: for each subject that bindings name, the rules that it has everywhere and
// those that it has in single namespaces.
import type { ClusterRoleBinding, PolicyRule, RoleBinding, Subject } from '#api/rbac/v1';
import type { Client } from '../../client/client.ts';
import type { Snapshot } from './snapshot.ts';

/** By the name of the subject, then by namespace; what counts everywhere stands under the empty name. */
export type Permissions = ReadonlyMap<string, ReadonlyMap<string, readonly PolicyRule[]>>;

/** `ServiceAccount shop/web`, `User jane`. */
export type SubjectName = string;

export type Impersonate = (user: { readonly username: string; readonly groups: readonly string[] }) => Client;

/** Namespaces in which nobody is bound to anything have the rules of the cluster: one that is not there stands for them all. */
const NO_NAMESPACE = 'no-such-namespace';

const RBAC = 'rbac.authorization.k8s.io/v1';

export const subjectName = ({ kind, name, namespace }: Subject, bindingNamespace = ''): SubjectName =>
  kind === 'ServiceAccount' ? `ServiceAccount ${namespace || bindingNamespace}/${name}` : `${kind} ${name}`;

/** The subjects of bindings that differ between two moments, or whose roles do, and the namespaces in which they are bound. */
export function affectedSubjects(
  before: Snapshot,
  after: Snapshot,
): ReadonlyMap<SubjectName, { readonly subject: Subject; readonly namespaces: ReadonlySet<string> }> {
  const found = new Map<SubjectName, { subject: Subject; namespaces: Set<string> }>();
  for (const [one, other] of [
    [before, after],
    [after, before],
  ] as const)
    for (const binding of bindingsOf(one)) {
      const { namespace = '', name } = binding.metadata;
      const [there, role, otherRole] = [
        other.get(namespace ? `${RBAC}/RoleBinding` : `${RBAC}/ClusterRoleBinding`, namespace, name),
        roleOf(one, binding),
        roleOf(other, binding),
      ];
      const same =
        there?.metadata.resourceVersion === binding.metadata.resourceVersion &&
        role?.metadata.resourceVersion === otherRole?.metadata.resourceVersion;
      if (same) continue;
      for (const subject of binding.subjects ?? []) {
        const key = subjectName(subject, namespace);
        const known = found.get(key) ?? {
          subject: { ...subject, ...(subject.kind === 'ServiceAccount' ? { namespace: subject.namespace || namespace } : {}) },
          namespaces: new Set<string>(),
        };
        if (namespace) known.namespaces.add(namespace);
        found.set(key, known);
      }
    }
  return found;
}

const bindingsOf = (snapshot: Snapshot): readonly (RoleBinding | ClusterRoleBinding)[] => [
  ...snapshot.of(`${RBAC}/RoleBinding`),
  ...snapshot.of(`${RBAC}/ClusterRoleBinding`),
];

const roleOf = (snapshot: Snapshot, { roleRef: { kind, name }, metadata: { namespace = '' } }: RoleBinding | ClusterRoleBinding) =>
  snapshot.get(`${RBAC}/${kind}`, kind === 'Role' ? namespace : '', name);

/** Asks the cluster, as each subject. */
export async function readPermissions(subjects: ReturnType<typeof affectedSubjects>, impersonate: Impersonate): Promise<Permissions> {
  const found = new Map<SubjectName, Map<string, readonly PolicyRule[]>>();
  for (const [name, { subject, namespaces }] of subjects) {
    const client = impersonate(userOf(subject));
    const rules = new Map<string, readonly PolicyRule[]>([['', await rulesIn(client, NO_NAMESPACE)]]);
    for (const namespace of namespaces) rules.set(namespace, await rulesIn(client, namespace));
    found.set(name, rules);
  }
  return found;
}

function userOf({ kind, name, namespace = '' }: Subject): { readonly username: string; readonly groups: readonly string[] } {
  // only those who are signed in may ask
  const signedIn = 'system:authenticated';
  if (kind === 'Group') return { username: '', groups: [name, signedIn] };
  if (kind === 'User') return { username: name, groups: [signedIn] };
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, signedIn],
  };
}

async function rulesIn(client: Client, namespace: string): Promise<readonly PolicyRule[]> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', metadata: {}, spec: { namespace } };
  const { status } = await client.create('authorization.k8s.io/v1/SelfSubjectRulesReview', review);
  return [...(status?.resourceRules ?? []), ...(status?.nonResourceRules ?? [])];
}
