// kube-proxy: keeps a network's rules in step with Services and EndpointSlices, Service by Service.
import type { Node } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { proxyRules, type RuleNode, type ServicePortRule } from './rules.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const BY_SERVICE = 'service';

/** What rules are put into: a simulated network, or one that programs the kernel. */
export interface ProxyBackend {
  setRules(service: string, rules: readonly ServicePortRule[]): void;
}

export interface ProxyOptions {
  readonly backend: ProxyBackend;
}

export function proxy(deps: ControllerDeps, { backend }: ProxyOptions): Controller {
  const services = deps.informers.of('v1/Service');
  const slices = deps.informers.of('discovery.k8s.io/v1/EndpointSlice');
  const serviceOf = ({ metadata: { namespace = '', labels } }: EndpointSlice): string | undefined =>
    labels?.[SERVICE_NAME] === undefined ? undefined : `${namespace}/${labels[SERVICE_NAME]}`;
  slices.addIndex(BY_SERVICE, (slice) => {
    const key = serviceOf(slice);
    return key === undefined ? [] : [key];
  });
  return controller({
    name: 'kube-proxy',
    deps,
    workers: 1,
    watch(queue) {
      services.addHandler({
        added: (service) => queue.add(objectKey(service)),
        updated: (service) => queue.add(objectKey(service)),
        deleted: (service) => queue.add(objectKey(service)),
      });
      const changed = (slice: EndpointSlice): void => {
        const key = serviceOf(slice);
        if (key !== undefined) queue.add(key);
      };
      slices.addHandler({
        added: changed,
        updated(slice, old) {
          changed(slice);
          if (serviceOf(old) !== serviceOf(slice)) changed(old);
        },
        deleted: changed,
      });
    },
    reconcile(key) {
      const { namespace, name } = splitKey(key);
      const service = services.get(namespace, name);
      backend.setRules(key, service ? proxyRules(service, slices.byIndex(BY_SERVICE, key)) : []);
      return Promise.resolve();
    },
  });
}

/** What rules need to know of a node. */
export const ruleNode = ({ metadata }: Node): RuleNode => ({
  name: metadata.name,
  zone: metadata.labels?.['topology.kubernetes.io/zone'],
});
