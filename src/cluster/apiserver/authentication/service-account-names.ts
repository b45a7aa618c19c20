// ServiceAccounts as users: `system:serviceaccount:<namespace>:<name>`, and the groups that they are in. Follows
// authentication/serviceaccount of k8s.io/apiserver.
import { isDNS1123Label, isDNS1123Subdomain } from '../../../apimachinery/validation/names.ts';

const PREFIX = 'system:serviceaccount:';
const ALL = 'system:serviceaccounts';

export const serviceAccountUsername = (namespace: string, name: string): string => `${PREFIX}${namespace}:${name}`;

export const serviceAccountGroups = (namespace: string): string[] => [ALL, `${ALL}:${namespace}`];

/** Undefined where the user is no ServiceAccount. */
export function splitServiceAccountUsername(username: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const [namespace = '', name = '', ...more] = username.slice(PREFIX.length).split(':');
  if (more.length || isDNS1123Label(namespace).length || isDNS1123Subdomain(name).length) return undefined;
  return { namespace, name };
}
