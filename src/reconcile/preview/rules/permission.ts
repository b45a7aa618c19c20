// What subjects may do after and could not before, or the other way round, as the cluster resolves their roles. What lets them become
// more than they are (cluster-admin, wildcards, Secrets, bind, escalate, impersonate) is told apart.
import type { PolicyRule } from '#api/rbac/v1';
import { uncovered } from '../../../cluster/cluster.ts';
import type { ResourceId } from '../../plan/resource-id.ts';
import { listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

export const permissionChanges: Rule = (evidence) => {
  const { before, after } = evidence.permissions;
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((subject) => {
    const [was, is] = [before.get(subject), after.get(subject)];
    const everywhere = { was: was?.get('') ?? [], is: is?.get('') ?? [] };
    const namespaces = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]);
    return [...namespaces].flatMap((namespace) => {
      const own = namespace === '' ? everywhere : { was: was?.get(namespace) ?? everywhere.was, is: is?.get(namespace) ?? everywhere.is };
      const gained = uncovered(own.was, own.is);
      const lost = uncovered(own.is, own.was);
      // what is gained or lost everywhere is told once
      const [newly, nomore] =
        namespace === ''
          ? [gained, lost]
          : [uncovered(uncovered(everywhere.was, everywhere.is), gained), uncovered(uncovered(everywhere.is, everywhere.was), lost)];
      return [
        ...(newly.length ? [told(evidence, subject, namespace, newly, true)] : []),
        ...(nomore.length ? [told(evidence, subject, namespace, nomore, false)] : []),
      ];
    });
  });
};

function told(evidence: Evidence, subject: string, namespace: string, rules: readonly PolicyRule[], gained: boolean): Finding {
  const grave = gained ? rules.filter(isEscalation) : [];
  const where = namespace ? `in ${namespace}` : 'everywhere';
  const shown = [...grave, ...rules.filter((rule) => !grave.includes(rule))];
  const source = changedBinding(evidence, namespace);
  return {
    severity: grave.length ? 'warning' : 'info',
    type: 'PermissionChange',
    reason: grave.length ? 'Escalation' : gained ? 'Gained' : 'Lost',
    object: subjectId(subject),
    message: `${subject} ${gained ? 'may' : 'may no longer'} ${where} ${listed(shown.map(ruleText))}${grave.length ? `; this gives power over more: ${escalationText(grave)}` : ''}`,
    remedy: grave.length ? 'grant only the verbs, resources and names that are needed' : '',
    ...(source ? { source } : {}),
  };
}

function subjectId(subject: string): ResourceId {
  const [kind = '', full = ''] = subject.split(/ (.*)/s);
  if (kind !== 'ServiceAccount') return { group: 'rbac.authorization.k8s.io', version: 'v1', kind, namespace: '', name: full };
  const [namespace = '', name = ''] = full.split('/');
  return { group: '', version: 'v1', kind, namespace, name };
}

/** `get, list pods (apps)`, `* /metrics` */
function ruleText({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs }: PolicyRule): string {
  const verb = verbs.join('/');
  if (nonResourceURLs?.length) return `${verb} ${nonResourceURLs.join('/')}`;
  const group = apiGroups.filter(Boolean).join('/');
  const names = resourceNames.length ? ` named ${resourceNames.join('/')}` : '';
  return `${verb} ${resources.join('/')}${group ? `.${group}` : ''}${names}`;
}

const POWERFUL_VERBS = ['*', 'bind', 'escalate', 'impersonate'];
/** Whoever reads these can become somebody else, whoever makes pods runs as any account of the namespace. */
const POWERFUL_RESOURCES = ['*', 'secrets', 'serviceaccounts/token', 'pods/exec', 'pods/attach'];
const ROLE_RESOURCES = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'];
const WRITING = ['create', 'update', 'patch'];

function isEscalation({ verbs, resources = [], resourceNames }: PolicyRule): boolean {
  if (resources.length === 0) return false;
  if (verbs.some((verb) => POWERFUL_VERBS.includes(verb))) return true;
  if (resources.some((resource) => ROLE_RESOURCES.includes(resource)) && verbs.some((verb) => WRITING.includes(verb))) return true;
  const readsOrMakes = verbs.some((verb) => verb !== 'delete' && verb !== 'deletecollection');
  return readsOrMakes && !resourceNames?.length && resources.some((resource) => POWERFUL_RESOURCES.includes(resource));
}

function escalationText(rules: readonly PolicyRule[]): string {
  const all = rules.some(({ verbs, resources, apiGroups }) => verbs.includes('*') && resources?.includes('*') && apiGroups?.includes('*'));
  if (all) return 'everything, as cluster-admin';
  const words = new Set(
    rules.flatMap(({ verbs, resources = [] }) => [
      ...verbs.filter((verb) => POWERFUL_VERBS.includes(verb)),
      ...resources.filter((r) => [...POWERFUL_RESOURCES, ...ROLE_RESOURCES].includes(r)),
    ]),
  );
  return [...words].map((word) => (word === '*' ? 'a wildcard' : word)).join(', ');
}

const RBAC_KINDS = ['RoleBinding', 'ClusterRoleBinding', 'Role', 'ClusterRole'];

function changedBinding({ plan }: Evidence, namespace: string): ResourceId | undefined {
  const changed = plan.resources.filter(({ id, action }) => RBAC_KINDS.includes(id.kind) && action !== 'unchanged');
  return (changed.find(({ id }) => id.namespace === namespace) ?? changed[0])?.id;
}
