// API groups that other servers have: each APIService that names a Service. Keeps track of them, passes requests on, and knows what they
// serve. What is in this server's own catalog stays there. Follows kube-aggregator.
import type { APIService } from '#api/apiregistration/v1';
import type { ResourceMapping, ResourceRequest, ResourceResponse, ServedResource, UserInfo } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { deepEqual, groupVersion, type JsonObject } from '../../../apimachinery/object.ts';
import type { Store } from '../../storage/store.ts';
import { plainText, type HttpRequest, type HttpResponse } from '../http/http-message.ts';
import { Availability, isAvailable } from './availability.ts';
import type { Backends } from './backends.ts';
import { forwardedHeaders, readProxied, withoutHopHeaders } from './proxied.ts';
import { requestOf, responseOf } from './resource-exchange.ts';
import { resolveService } from './service-resolver.ts';

export interface AggregatorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly backends: Backends;
  /** Requests of the server to itself. */
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
}

export const API_SERVICES = '/registry/apiregistration.k8s.io/apiservices';
const DEFAULT_PORT = 443;

/** A group's version that another server has. */
export interface Aggregated {
  readonly service: APIService;
  /** What it serves, as it said itself when it was asked last: an APIResourceList. Undefined: it was never reached. */
  readonly resources: JsonObject | undefined;
}

export class Aggregator {
  private readonly parts: AggregatorParts;
  private readonly byGroupVersion = new Map<string, Aggregated>();
  private readonly availability: Availability;
  private loading: Promise<void> | undefined;
  private loaded = false;
  /** Grows with every change of what is served. */
  generation = 0;

  constructor(parts: AggregatorParts) {
    this.parts = parts;
    this.availability = new Availability(parts, (service, resources) => this.learn(service, resources));
  }

  /** Undefined where all APIServices in the store are known. */
  ready(): Promise<void> | undefined {
    if (this.loaded) return undefined;
    return (this.loading ??= this.load());
  }

  private async load(): Promise<void> {
    const { store } = this.parts;
    for (;;) {
      const list = await store.list(`${API_SERVICES}/`);
      if (!list.ok) continue;
      const watch = store.watch(`${API_SERVICES}/`, list.revision, ({ type, value }) => {
        const service = value as unknown as APIService;
        if (type === 'delete') this.forget(service);
        else this.observe(service);
      });
      // compacted meanwhile
      if (!watch) continue;
      for (const { value } of list.entries) this.observe(value as unknown as APIService);
      break;
    }
    this.loaded = true;
  }

  /** Nobody is asked any more whether they are there. */
  close(): void {
    this.availability.close();
  }

  private observe(service: APIService): void {
    if (!service.spec?.service) {
      this.forget(service);
      return;
    }
    const key = keyOf(service);
    const known = this.byGroupVersion.get(key);
    this.byGroupVersion.set(key, { service, resources: known?.resources });
    if (!known || !deepEqual(known.service.spec, service.spec) || isAvailable(known.service) !== isAvailable(service)) this.generation++;
    this.availability.follow(service);
  }

  private forget(service: APIService): void {
    const key = keyOf(service);
    if (!this.byGroupVersion.delete(key)) return;
    this.generation++;
    this.availability.forget(service);
  }

  private learn(service: APIService, resources: JsonObject): void {
    const key = keyOf(service);
    const known = this.byGroupVersion.get(key);
    if (!known || deepEqual(known.resources, resources)) return;
    this.byGroupVersion.set(key, { ...known, resources });
    this.generation++;
  }

  find(group: string, version: string): Aggregated | undefined {
    return this.byGroupVersion.size === 0 ? undefined : this.byGroupVersion.get(`${group}/${version}`);
  }

  all(): readonly Aggregated[] {
    return [...this.byGroupVersion.values()];
  }

  /** What other servers serve and this one passes on, as far as it is known. */
  resources(): readonly ServedResource[] {
    return this.all().flatMap(({ service, resources }) => {
      const { group = '', version = '' } = service.spec ?? {};
      return listed(resources)
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced, verbs }) => ({ group, version, resource: name, kind, namespaced, verbs }));
    });
  }

  /** @param kind `metrics.k8s.io/v1beta1/PodMetrics` */
  mapping(kind: string): ResourceMapping | undefined {
    if (this.byGroupVersion.size === 0) return undefined;
    return this.resources().find((one) => `${groupVersion(one)}/${one.kind}` === kind);
  }

  /** The whole of a request over HTTP, and the other server's answer as it is. DEVIATION: connections are not upgraded. */
  async proxy({ service }: Aggregated, request: HttpRequest, user: UserInfo): Promise<HttpResponse> {
    const { store, backends } = this.parts;
    const { service: reference, caBundle, insecureSkipTLSVerify } = service.spec!;
    const { name = '', namespace = '', port = DEFAULT_PORT } = reference!;
    const place = isAvailable(service) ? await resolveService(store, namespace, name, port).catch(() => undefined) : undefined;
    if (!place) return plainText(503, 'service unavailable\n');
    const tls = {
      serverName: `${name}.${namespace}.svc`,
      caBundle,
      insecureSkipVerify: insecureSkipTLSVerify === true,
      client: backends.client,
    };
    const { method, url, body, headers } = request;
    const forwarded = { method, url, body, headers: forwardedHeaders(headers, user) };
    try {
      const answer = await backends.send({ destination: { ...place, tls }, pod: place.pod }, forwarded);
      return { ...answer, headers: withoutHopHeaders(answer.headers) };
    } catch (error) {
      return plainText(503, `error trying to reach service: ${(error as Error).message}\n`);
    }
  }

  /** A request of a client in this process. Throws a StatusError. */
  async serve(aggregated: Aggregated, request: ResourceRequest): Promise<ResourceResponse> {
    return responseOf(request, await this.proxy(aggregated, requestOf(request), request.user));
  }

  /** A document that the other server has about itself; undefined where it has none or cannot be asked. */
  async document(aggregated: Aggregated, url: string): Promise<JsonObject | undefined> {
    const request: HttpRequest = { method: 'GET', url, headers: { accept: 'application/json' }, body: undefined };
    return readProxied(await this.proxy(aggregated, request, AGGREGATOR));
  }
}

const AGGREGATOR: UserInfo = { username: 'system:aggregator', groups: ['system:masters'] };

const keyOf = ({ spec }: APIService): string => `${spec?.group ?? ''}/${spec?.version ?? ''}`;

export interface ListedResource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly group?: string;
  readonly version?: string;
}

/** The rows of an APIResourceList, subresources too; what another server says is taken for what it seems to be. */
export function listed(list: JsonObject | undefined): readonly ListedResource[] {
  const rows = list?.['resources'];
  if (!Array.isArray(rows)) return [];
  return (rows as readonly JsonObject[]).flatMap(({ name, kind, namespaced, verbs, singularName, ...rest }) =>
    typeof name === 'string' && typeof kind === 'string'
      ? [
          {
            ...(rest as Partial<ListedResource>),
            name,
            kind,
            singularName: typeof singularName === 'string' ? singularName : '',
            namespaced: namespaced === true,
            verbs: Array.isArray(verbs) ? verbs.map(String) : [],
          },
        ]
      : [],
  );
}
