// Keeps the certificates by which the API server is known in a ConfigMap of every namespace, where pods mount them from. Follows
// publisher.go of kube-controller-manager.
import type { ConfigMap, Namespace } from '#api/core/v1';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { createUnlessGoing, mayHoldObjects } from './service-account.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** @param rootCA certificates as PEM */
export function rootCAPublisher(deps: ControllerDeps, rootCA: string): Controller {
  const { client, informers } = deps;
  const namespaces = informers.of('v1/Namespace');
  const configMaps = informers.of('v1/ConfigMap');
  const data = { 'ca.crt': rootCA };

  return controller({
    name: 'root-ca-certificate-publisher',
    deps,
    workers: 1,
    watch(queue) {
      const enqueue = (namespace: Namespace): void => queue.add(namespace.metadata.name);
      const changed = ({ metadata }: ConfigMap): void => {
        if (metadata.name === NAME) queue.add(metadata.namespace ?? '');
      };
      namespaces.addHandler({ added: enqueue, updated: enqueue });
      configMaps.addHandler({ updated: changed, deleted: changed });
    },
    async reconcile(name) {
      const namespace = namespaces.get('', name);
      if (!namespace || !mayHoldObjects(namespace)) return;
      const known = configMaps.get(name, NAME);
      if (known && !isRight(known)) {
        const metadata = { ...known.metadata, annotations: { ...known.metadata.annotations, [DESCRIPTION]: TEXT } };
        await client.update('v1/ConfigMap', { ...known, metadata, data });
      } else if (!known) {
        const metadata = { name: NAME, namespace: name, annotations: { [DESCRIPTION]: TEXT } };
        await createUnlessGoing(() => client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }));
      }
    },
  });

  function isRight({ metadata, data: held = {} }: ConfigMap): boolean {
    const only = Object.keys(held).length === 1 && held['ca.crt'] === rootCA;
    return only && (metadata.annotations?.[DESCRIPTION] ?? '') !== '';
  }
}
