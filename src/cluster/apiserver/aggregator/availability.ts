// Whether the servers behind APIServices can be asked: their condition Available, looked at when they or their Services change and every
// half minute. Follows the remote available controller of kube-aggregator.
import type { APIService } from '#api/apiregistration/v1';
import type { ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { Clock, Timer } from '../../../apimachinery/clock.ts';
import { deepEqual, type JsonObject } from '../../../apimachinery/object.ts';
import { isNotFound } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Store, StoreWatch } from '../../storage/store.ts';
import type { Backends } from './backends.ts';
import { forwardedHeaders, readProxied } from './proxied.ts';
import { ENDPOINT_SLICES, hasEndpoints, resolveService, serviceNamed, SERVICES, slicesOf } from './service-resolver.ts';

export interface AvailabilityParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly backends: Backends;
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
}

const USER = { username: 'system:apiserver', groups: ['system:masters'] };
const CHECKER = { username: 'system:kube-aggregator', groups: ['system:masters'] };
const RESYNC_MS = 30_000;
/** After something has changed, in milliseconds. */
const SETTLE_MS = 50;
const FIRST_RETRY_MS = 1000;
const CHECK_TIMEOUT_MS = 6000;
const DEFAULT_PORT = 443;

type Condition = NonNullable<NonNullable<APIService['status']>['conditions']>[number];

export const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') === true;

interface Followed {
  service: APIService;
  timer: Timer | undefined;
  failures: number;
  /** A check is under way; what changes meanwhile asks for another. */
  checking: boolean;
  again: boolean;
}

export class Availability {
  private readonly parts: AvailabilityParts;
  private readonly learn: (service: APIService, resources: JsonObject) => void;
  private readonly followed = new Map<string, Followed>();
  private watches: readonly (StoreWatch | undefined)[] = [];
  private closed = false;

  /** @param learn told what a server says it has, whenever it was asked */
  constructor(parts: AvailabilityParts, learn: (service: APIService, resources: JsonObject) => void) {
    this.parts = parts;
    this.learn = learn;
  }

  follow(service: APIService): void {
    if (this.closed) return;
    const name = service.metadata.name!;
    const known = this.followed.get(name);
    if (known) {
      const changed = !deepEqual(known.service.spec, service.spec) || known.service.metadata.uid !== service.metadata.uid;
      known.service = service;
      if (changed) this.look(known);
      return;
    }
    const followed: Followed = { service, timer: undefined, failures: 0, checking: false, again: false };
    this.followed.set(name, followed);
    if (this.watches.length === 0) this.watchServices();
    this.look(followed);
  }

  /** Looks at nothing any more. */
  close(): void {
    this.closed = true;
    for (const { service } of this.followed.values()) this.forget(service);
  }

  forget({ metadata }: APIService): void {
    this.followed.get(metadata.name!)?.timer?.cancel();
    this.followed.delete(metadata.name!);
    if (this.followed.size > 0) return;
    for (const watch of this.watches) watch?.cancel();
    this.watches = [];
  }

  /** Only while there is somebody to follow. */
  private watchServices(): void {
    const { store } = this.parts;
    const changed = (namespace: string | undefined, name: string | undefined): void => {
      for (const one of this.followed.values()) {
        const reference = one.service.spec?.service;
        if (reference?.namespace === namespace && reference?.name === name) this.look(one);
      }
    };
    this.watches = [
      store.watch(`${SERVICES}/`, store.revision, ({ value: { metadata } }) => changed(metadata.namespace, metadata.name)),
      store.watch(`${ENDPOINT_SLICES}/`, store.revision, ({ value: { metadata } }) =>
        changed(metadata.namespace, metadata.labels?.['kubernetes.io/service-name']),
      ),
    ];
  }

  private look(one: Followed): void {
    if (one.checking) {
      one.again = true;
      return;
    }
    one.checking = true;
    one.timer?.cancel();
    void this.check(one).finally(() => {
      one.checking = false;
      if (this.followed.get(one.service.metadata.name!) !== one) return;
      if (one.again) {
        one.again = false;
        this.look(one);
        return;
      }
      const pauseMs = one.failures > 0 ? Math.min(FIRST_RETRY_MS * 2 ** (one.failures - 1), RESYNC_MS) : RESYNC_MS;
      one.timer = this.parts.clock.schedule(pauseMs, () => this.look(one), { background: true });
    });
  }

  private async check(one: Followed): Promise<void> {
    // an APIService, its Service and the endpoints come one after the other
    await this.parts.clock.sleep(SETTLE_MS, { background: true });
    if (this.closed) return;
    const { service } = one;
    const told = await this.conditionOf(service).catch((error: unknown) => unchecked(service, error));
    one.failures = told.status === 'True' ? 0 : one.failures + 1;
    await this.tell(service.metadata.name!, told).catch((error: unknown) => {
      // one that has changed meanwhile is looked at again soon, one that has gone never
      if (!isNotFound(error)) one.failures++;
    });
  }

  private async conditionOf(service: APIService): Promise<Told> {
    const { store } = this.parts;
    const { name = '', namespace = '', port = DEFAULT_PORT } = service.spec?.service ?? {};
    const no = (reason: string, message: string): Told => ({ status: 'False', reason, message });
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    const found = await serviceNamed(store, namespace, name);
    if (!found) return no('ServiceNotFound', `${where} is not present`);
    if ((found.spec?.type ?? 'ClusterIP') === 'ClusterIP') {
      const servicePort = found.spec?.ports?.find((p) => p.port === port);
      if (!servicePort) return no('ServicePortError', `${where} is not listening on port ${port}`);
      const slices = await slicesOf(store, namespace, name);
      if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
      const portName = servicePort.name ?? '';
      if (!hasEndpoints(slices, portName))
        return no('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`);
    }
    const failure = await this.ask(service);
    return failure === undefined ? { status: 'True', reason: 'Passed', message: 'all checks passed' } : no('FailedDiscoveryCheck', failure);
  }

  /** Asks the server what it has. @returns why it did not say */
  private async ask(service: APIService): Promise<string | undefined> {
    const { store, backends } = this.parts;
    const { group = '', version = '', caBundle, insecureSkipTLSVerify } = service.spec!;
    const { name = '', namespace = '', port = DEFAULT_PORT } = service.spec!.service!;
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    let url = `https://${name}.${namespace}.svc:${port}${path}`;
    try {
      const place = await resolveService(store, namespace, name, port);
      url = `https://${place.host}:${place.port}${path}`;
      const tls = { serverName: `${name}.${namespace}.svc`, caBundle, insecureSkipVerify: insecureSkipTLSVerify === true };
      const headers = forwardedHeaders({ accept: 'application/json' }, CHECKER);
      const answer = await backends.send(
        { destination: { ...place, tls: { ...tls, client: backends.client } }, pod: place.pod },
        { method: 'GET', url: path, headers, body: undefined },
        { timeoutMs: CHECK_TIMEOUT_MS },
      );
      const list = await readProxied(answer);
      if (answer.code < 200 || answer.code > 299) return `failing or missing response from ${url}: bad status from ${url}: ${answer.code}`;
      if (list) this.learn(service, list);
      return undefined;
    } catch (error) {
      return `failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${(error as Error).message}`;
    }
  }

  private async tell(name: string, told: Told): Promise<void> {
    const followed = this.followed.get(name);
    if (!followed) return;
    const { service } = followed;
    const { conditions = [] } = service.status ?? {};
    const known = conditions.find(({ type }) => type === 'Available');
    const same = known?.status === told.status;
    if (same && known.reason === told.reason && known.message === told.message) return;
    const lastTransitionTime = same ? known.lastTransitionTime : formatTime(this.parts.clock.now());
    const condition: Condition = { ...told, type: 'Available', ...(lastTransitionTime ? { lastTransitionTime } : {}) };
    const next = known ? conditions.map((c) => (c === known ? condition : c)) : [...conditions, condition];
    await this.parts.serve({
      verb: 'update',
      group: 'apiregistration.k8s.io',
      version: 'v1',
      resource: 'apiservices',
      subresource: 'status',
      namespace: '',
      name,
      options: {},
      user: USER,
      userAgent: 'kube-apiserver',
      body: { value: { ...service, status: { ...service.status, conditions: next } } },
    });
  }
}

interface Told {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function unchecked({ spec }: APIService, error: unknown): Told {
  const { name = '', namespace = '' } = spec?.service ?? {};
  const message = `service/${name} in ${JSON.stringify(namespace)} cannot be checked due to: ${(error as Error).message}`;
  return { status: 'Unknown', reason: 'ServiceAccessError', message };
}
