// Gives every namespace the ServiceAccount `default`, and gives it back where it was deleted. Follows serviceaccounts_controller.go of
// kube-controller-manager.
import type { Namespace, ServiceAccount } from '#api/core/v1';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';

const NAME = 'default';

export function serviceAccountController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const namespaces = informers.of('v1/Namespace');
  const accounts = informers.of('v1/ServiceAccount');

  return controller({
    name: 'serviceaccount-controller',
    deps,
    workers: 1,
    watch(queue) {
      const enqueue = (namespace: Namespace): void => queue.add(namespace.metadata.name);
      namespaces.addHandler({ added: enqueue, updated: enqueue });
      accounts.addHandler({
        deleted: ({ metadata }: ServiceAccount) => {
          if (metadata.name === NAME) queue.add(metadata.namespace ?? '');
        },
      });
    },
    async reconcile(name) {
      const namespace = namespaces.get('', name);
      if (!namespace || !mayHoldObjects(namespace) || accounts.get(name, NAME)) return;
      await createUnlessGoing(() =>
        client.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: name } }),
      );
    },
  });
}

/** Whether new objects can still be made in it. */
export const mayHoldObjects = ({ metadata, status }: Namespace): boolean =>
  !metadata.deletionTimestamp && (status?.phase ?? 'Active') === 'Active';

/** The namespace may be going, or somebody else may have been faster: both are as well. */
export async function createUnlessGoing(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
}
