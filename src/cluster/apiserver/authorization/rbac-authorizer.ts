// Role-based access control: a request is allowed where a rule of a role says so that the user, or a group of theirs, is bound to.
// Follows plugin/pkg/auth/authorizer/rbac.
import type { Subject } from '#api/rbac/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { aggregate } from '../admission/admission.ts';
import { ALLOWED, isPath, NO_OPINION, noOpinion, type Attributes, type Authorizer, type Decision } from './authorizer.ts';
import { ruleAllows } from './policy-rules.ts';
import type { Grant, RbacIndex } from './rbac-index.ts';

const PRIVILEGED = 'system:masters';

/** Whoever is in this group may do everything, whatever roles there are. */
export const privilegedGroup: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(PRIVILEGED) ? ALLOWED : NO_OPINION),
};

export const isPrivileged = (groups: readonly string[]): boolean => groups.includes(PRIVILEGED);

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  const decide = (attributes: Attributes): Decision => {
    const { grants, errors } = index.grantsOf(attributes.user, isPath(attributes) ? '' : attributes.namespace);
    for (const grant of grants) if (ruleAllows(grant.rule, attributes)) return { allowed: true, reason: allowedBy(grant) };
    return errors.length ? noOpinion(`RBAC: ${aggregate(errors)}`) : NO_OPINION;
  };
  return {
    authorize(attributes) {
      const pending = index.ready();
      return pending ? pending.then(() => decide(attributes)) : decide(attributes);
    },
  };
}

function allowedBy({ binding: { metadata, roleRef }, subject }: Grant): string {
  const { name, namespace } = metadata;
  const [kind, called] = namespace ? ['RoleBinding', `${name}/${namespace}`] : ['ClusterRoleBinding', name];
  return `RBAC: allowed by ${kind} ${quote(called)} of ${roleRef.kind} ${quote(roleRef.name)} to ${subjectText(subject, namespace)}`;
}

const subjectText = ({ kind, name, namespace }: Subject, own: string | undefined): string =>
  `${kind} ${quote(kind === 'ServiceAccount' ? `${name}/${namespace ?? own ?? ''}` : name)}`;
