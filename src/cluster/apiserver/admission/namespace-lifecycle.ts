// Nothing is made in a namespace that is not there, or on its way out; and some namespaces cannot go. Follows
// plugin/pkg/admission/namespace/lifecycle of k8s.io/apiserver.
import type { Namespace } from '#api/core/v1';
import { forbiddenError, notFoundError } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** Access reviews ask about namespaces that need not be there. */
const isReview = ({ resource: { group, resource } }: AdmissionAttributes): boolean =>
  group === 'authorization.k8s.io' && resource === 'localsubjectaccessreviews';

export function namespaceLifecycle(store: Store): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    admit: (attributes) => check(attributes, store),
  };
}

async function check(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const { operation, resource, namespace, name } = attributes;
  const isNamespace = resource.group === '' && resource.resource === 'namespaces';
  if (isNamespace) {
    if (operation === 'DELETE' && IMMORTAL.has(name)) throw forbiddenError(resource, name, 'this namespace may not be deleted');
    return;
  }
  if (namespace === '' || operation !== 'CREATE' || isReview(attributes)) return;
  const entry = await store.get(`/registry/namespaces/${namespace}`);
  if (!entry) throw notFoundError({ group: '', resource: 'namespaces' }, namespace);
  const { status } = entry.value as unknown as Namespace;
  if (status?.phase !== 'Terminating') return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const causes = [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }];
  throw forbiddenError(resource, name, why, causes);
}
