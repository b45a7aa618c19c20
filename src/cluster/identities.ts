// As whom the components of a cluster send their requests: the names that Kubernetes' own roles are bound to.
import type { UserInfo } from '../apimachinery/api-request.ts';
import { NODES_GROUP } from './apiserver/authentication/node-names.ts';
import { serviceAccountGroups, serviceAccountUsername } from './apiserver/authentication/service-account-names.ts';
import { CONTROLLER_ROLES } from './apiserver/bootstrap/controller-roles.ts';

const AUTHENTICATED = 'system:authenticated';
const CONTROLLERS_NAMESPACE = 'kube-system';

/** May do everything: what the administrator's kubeconfig of a new cluster says. */
export const ADMIN: UserInfo = { username: 'kubernetes-admin', groups: ['system:masters', AUTHENTICATED] };

export const CONTROLLER_MANAGER: UserInfo = { username: 'system:kube-controller-manager', groups: [AUTHENTICATED] };
export const SCHEDULER: UserInfo = { username: 'system:kube-scheduler', groups: [AUTHENTICATED] };
export const PROXY: UserInfo = { username: 'system:kube-proxy', groups: [AUTHENTICATED] };

export const nodeUser = (node: string): UserInfo => ({ username: `system:node:${node}`, groups: [NODES_GROUP, AUTHENTICATED] });

/** Bound to roles in namespaces only. */
const NAMESPACED = new Set(['bootstrap-signer', 'token-cleaner']);

/** A controller's ServiceAccount; kube-controller-manager itself where it is empty. Those that Kubernetes knows no role for are administrators. */
export function controllerUser(serviceAccount: string): UserInfo {
  if (serviceAccount === '') return CONTROLLER_MANAGER;
  if (!Object.hasOwn(CONTROLLER_ROLES, serviceAccount) && !NAMESPACED.has(serviceAccount)) return ADMIN;
  return {
    username: serviceAccountUsername(CONTROLLERS_NAMESPACE, serviceAccount),
    groups: [...serviceAccountGroups(CONTROLLERS_NAMESPACE), AUTHENTICATED],
  };
}
