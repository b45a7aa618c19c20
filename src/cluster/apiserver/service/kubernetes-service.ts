// The Service `kubernetes`, by which pods reach this server, and its endpoints: put right within ten seconds when somebody has changed or
// deleted them. Follows the controllers kubernetesservice and instance endpoints (reconcilers) of kube-apiserver.
import type { Endpoints, Service } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import type { ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { deepEqual, type JsonObject, type KubernetesObject, type Manifest } from '../../../apimachinery/object.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';
import { kubernetesEndpoints, kubernetesEndpointSlice, kubernetesService } from '../bootstrap/system-objects.ts';

const PERIOD_MS = 10_000;
const USER = { username: 'system:apiserver', groups: ['system:masters'] };
const AGENT = 'kube-apiserver';

interface Kept {
  readonly key: string;
  readonly where: Pick<ResourceRequest, 'group' | 'version' | 'resource'>;
  readonly wanted: () => Manifest<KubernetesObject>;
  /** What of the object is looked after. */
  readonly of: (object: KubernetesObject) => unknown;
}

const portsOf = ({ spec }: Service): unknown => [spec.type, spec.sessionAffinity, spec.ports];

const KEPT: readonly Kept[] = [
  {
    key: '/registry/services/specs/default/kubernetes',
    where: { group: '', version: 'v1', resource: 'services' },
    wanted: kubernetesService as () => Manifest<KubernetesObject>,
    of: (object) => portsOf(object as unknown as Service),
  },
  {
    key: '/registry/services/endpoints/default/kubernetes',
    where: { group: '', version: 'v1', resource: 'endpoints' },
    wanted: kubernetesEndpoints as () => Manifest<KubernetesObject>,
    of: (object) => (object as unknown as Endpoints).subsets,
  },
  {
    key: '/registry/endpointslices/default/kubernetes',
    where: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
    wanted: kubernetesEndpointSlice as () => Manifest<KubernetesObject>,
    of: (object) => {
      const { addressType, endpoints, ports } = object as unknown as EndpointSlice;
      return [addressType, endpoints, ports];
    },
  },
];

export interface KubernetesServiceParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Requests of the server to itself. */
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
}

/** From now on they are looked after, once they are there. */
export function keepKubernetesService({ store, clock, serve }: KubernetesServiceParts): void {
  let scheduled = false;
  const work = async (): Promise<void> => {
    scheduled = false;
    for (const kept of KEPT) {
      const entry = await store.get(kept.key);
      const request = entry ? corrected(kept, entry.value) : { verb: 'create' as const, value: kept.wanted() };
      if (!request) continue;
      const { verb, value } = request;
      const name = verb === 'create' ? '' : 'kubernetes';
      const what = { ...kept.where, verb, namespace: 'default', name, subresource: '' };
      try {
        await serve({ ...what, options: {}, body: { value: value as JsonObject }, user: USER, userAgent: AGENT });
      } catch (error) {
        // whoever came between is looked after in turn; what is refused, and what cannot be kept, waits for the next change
        if (!(error instanceof StatusError)) throw error;
      }
    }
  };
  for (const kept of KEPT)
    store.watch(kept.key, store.revision, ({ type, value }) => {
      if (scheduled || (type !== 'delete' && !corrected(kept, value))) return;
      scheduled = true;
      clock.schedule(PERIOD_MS, () => void clock.hold(work()), { background: true });
    });
}

/** Undefined where all is well. */
function corrected({ wanted, of }: Kept, object: KubernetesObject): { verb: 'update'; value: object } | undefined {
  const right = wanted() as unknown as KubernetesObject;
  if (deepEqual(of(object), of(right))) return undefined;
  const { metadata: _, ...rest } = right;
  return { verb: 'update', value: { ...object, ...rest, metadata: object.metadata } };
}
