// Follows live objects, and the pods behind them, while a sync waits: a picture kept by watches, asked anew at each change.
import type { Pod } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { parseKind, type KubernetesObject } from '../../apimachinery/object.ts';
import type { Client } from '../../client/client.ts';
import { Informers, type Informer } from '../../client/informer.ts';
import { healthOf, withoutOperator } from '../health/health.ts';
import type { RuleBook } from '../health/known-kinds.ts';
import { degraded, progressing, type Health, type Surroundings } from '../health/verdict.ts';
import { Permissions, permissionText } from '../plan/permissions.ts';
import { idOf, kindOf, resourceKey, type ResourceId } from '../plan/resource-id.ts';

/** A degraded object may be about to recover (a container that waited for a Secret of the same sync): it is given so long. */
const SETTLE_MS = 10_000;

const BY_LABEL = 'label';

const labelEntry = (namespace: string, key: string, value: string): string => `${namespace}/${key}=${value}`;

export type WaitResult = 'done' | 'timeout' | 'aborted';

/** What is followed: an engine's cluster. */
export interface FollowedCluster {
  readonly client: Client;
  readonly clock: Clock;
  readonly asksPermissions?: boolean;
  /** Rules of health of the user's own. */
  readonly healthRules?: RuleBook | undefined;
  /** Nobody acts on custom resources there. */
  readonly withoutOperators?: boolean;
}

/** So many namespaces are followed each for itself, as one who has rights in those alone may; of more, all of the cluster are. */
const MOST_SCOPES = 8;

/** Judges an object in place of the rule of its kind; undefined where that is to judge. */
export type Judge = (object: KubernetesObject) => Health | undefined;

/** @param old how it was before; undefined where it is new, or gone */
export type ObjectChanged = (object: KubernetesObject, old: KubernetesObject | undefined) => void;

export class Follower {
  private readonly judge: Judge;
  private readonly onObject: ObjectChanged | undefined;
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly informers: Informers;
  private readonly kinds = new Set<string>();
  /** Namespaces with informers of their own; or the empty one, for all. */
  private readonly scopes: readonly string[];
  /** What the user may not follow, by kind and namespace, and the permission that is missing. */
  private readonly closed = new Map<string, string>();
  private readonly permissions: Permissions | undefined;
  private readonly changed: Set<() => void> = new Set();
  /** The version that must have been seen before an object's health counts. */
  private readonly written = new Map<string, bigint>();
  /** Of what was written and is there no longer: how it was last seen. */
  private readonly gone = new Map<string, KubernetesObject>();
  private readonly degradedSince = new Map<string, number>();
  private readonly around: Surroundings;
  private readonly withoutOperators: boolean;

  /** @param namespaces in which there is something to follow @param onObject told of each change */
  constructor(
    { client, clock, asksPermissions = false, healthRules, withoutOperators = false }: FollowedCluster,
    namespaces: ReadonlySet<string>,
    judge: Judge = () => undefined,
    onObject?: ObjectChanged,
  ) {
    this.judge = judge;
    this.onObject = onObject;
    this.scopes = namespaces.size > MOST_SCOPES ? [''] : [...namespaces];
    this.permissions = asksPermissions ? new Permissions(client) : undefined;
    this.client = client;
    this.clock = clock;
    this.withoutOperators = withoutOperators;
    this.informers = new Informers(client, clock);
    for (const scope of this.scopes)
      this.informers
        .of('v1/Pod', scope)
        .addIndex(BY_LABEL, ({ metadata: { namespace = '', labels = {} } }) =>
          Object.keys(labels).map((key) => labelEntry(namespace, key, labels[key]!)),
        );
    this.around = { waitsForConsumer: (claim) => this.waitsForConsumer(claim), rules: healthRules };
  }

  /** Begins to follow a kind; resolves once its objects are known, or where the server does not have the kind (yet). */
  async follow(kind: string): Promise<void> {
    const mapping = this.kinds.has(kind) ? undefined : await this.client.resolve(kind);
    if (!mapping) return;
    this.kinds.add(kind);
    await Promise.all((mapping.namespaced ? this.scopes : ['']).map((namespace) => this.followIn(kind, mapping.resource, namespace)));
  }

  private async followIn(kind: string, resource: string, namespace: string): Promise<void> {
    const { group } = parseKind(kind);
    for (const verb of ['list', 'watch']) {
      const permission = { verb, group, resource, namespace };
      if (!this.permissions || (await this.permissions.may(permission))) continue;
      this.closed.set(scopeKey(kind, namespace), permissionText(permission));
      return;
    }
    const informer = this.informers.of(kind, namespace) as unknown as Informer;
    const changed = (object: KubernetesObject, old?: KubernetesObject): void => {
      for (const tell of this.changed) tell();
      this.onObject?.(object, old);
    };
    const deleted = (object: KubernetesObject): void => {
      const key = resourceKey(idOf(object));
      if (this.written.has(key)) this.gone.set(key, object);
      changed(object);
    };
    informer.addHandler({ added: changed, updated: changed, deleted });
    await informer.start();
  }

  /** Whether objects of a namespace can be followed, as it was begun. */
  covers(namespace: string): boolean {
    return this.scopes.includes(namespace) || this.scopes.includes('');
  }

  /** The informer's namespace for objects of this one. */
  private scopeOf(namespace: string): string {
    return this.scopes.includes(namespace) ? namespace : '';
  }

  /** The object was written: what was seen of it before is past. */
  wrote(id: ResourceId, object: KubernetesObject): void {
    if (/^\d+$/.test(object.metadata.resourceVersion)) this.written.set(resourceKey(id), BigInt(object.metadata.resourceVersion));
  }

  get(id: ResourceId): KubernetesObject | undefined {
    return (this.informers.of(kindOf(id), this.scopeOf(id.namespace)) as unknown as Informer).get(id.namespace, id.name);
  }

  /** The pods of a namespace; with labels, those that have the first of them at least. */
  readonly podsOf = (namespace: string, labels: Readonly<Record<string, string>> = {}): Iterable<Pod> => {
    const pods = this.informers.of('v1/Pod', this.scopeOf(namespace));
    const [first] = Object.keys(labels);
    return first === undefined ? pods.list(namespace) : pods.byIndex(BY_LABEL, labelEntry(namespace, first, labels[first]!));
  };

  health(id: ResourceId): Health {
    const closed = this.closed.get(scopeKey(kindOf(id), this.scopeOf(id.namespace)));
    if (closed !== undefined) return { status: 'Unknown', message: `the user of this context may not ${closed}` };
    const object = this.get(id);
    const written = this.written.get(resourceKey(id));
    if (!object) return written === undefined ? { status: 'Missing', message: 'not there' } : progressing('waiting to see it');
    if (written !== undefined && BigInt(object.metadata.resourceVersion) < written) return progressing('waiting to see the change');
    const health = this.judged(object);
    const key = resourceKey(id);
    if (health.status !== 'Degraded') this.degradedSince.delete(key);
    else if (!this.degradedSince.has(key)) this.degradedSince.set(key, this.clock.now());
    return health;
  }

  private judged(object: KubernetesObject): Health {
    const health = (object.metadata.deletionTimestamp ? undefined : this.judge(object)) ?? healthOf(object, this.around);
    return this.withoutOperators ? withoutOperator(health, object) : health;
  }

  /** How an object was when it was last seen, if it is gone: something else may delete what has ended before anybody looks. */
  lastHealth(id: ResourceId): Health {
    const key = resourceKey(id);
    const last = this.get(id) ? undefined : this.gone.get(key);
    if (!last || BigInt(last.metadata.resourceVersion) < (this.written.get(key) ?? 0n)) return this.health(id);
    const { deletionTimestamp: _, ...metadata } = last.metadata;
    const object = { ...last, metadata } as KubernetesObject;
    const health = this.judged(object);
    return health.status === 'Progressing' ? degraded('it was deleted before it ended') : health;
  }

  /** Nothing more is to be expected of it. */
  isSettled(id: ResourceId, health: Health): boolean {
    if (health.status === 'Progressing' || health.status === 'Missing') return false;
    if (health.status !== 'Degraded') return true;
    return this.clock.now() - (this.degradedSince.get(resourceKey(id)) ?? this.clock.now()) >= SETTLE_MS;
  }

  /** Asks `done` now and at each change, until it says yes, `deadline` (milliseconds since 1970) passes, or the signal is aborted. */
  waitUntil(done: () => boolean, deadline: number, signal: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve) => {
      let asked = false;
      const finish = (result: WaitResult): void => {
        this.changed.delete(changed);
        signal.removeEventListener('abort', aborted);
        limit.cancel();
        again?.cancel();
        next?.cancel();
        resolve(result);
      };
      let again: Timer | undefined;
      let next: Timer | undefined;
      const ask = (): void => {
        asked = false;
        if (!this.changed.has(changed)) return;
        if (done()) {
          finish('done');
          return;
        }
        // what settles by the passing of time alone
        again?.cancel();
        again = this.degradedSince.size ? this.clock.schedule(SETTLE_MS, ask) : undefined;
      };
      // many changes of one moment are one question: asking costs as much as there is to wait for
      const changed = (): void => {
        if (asked) return;
        asked = true;
        next = this.clock.schedule(0, ask);
      };
      const aborted = (): void => finish('aborted');
      const limit = this.clock.schedule(Math.max(deadline - this.clock.now(), 0), () => finish('timeout'));
      this.changed.add(changed);
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) aborted();
      else queueMicrotask(ask);
    });
  }

  /** A claim whose class binds late, and that no pod of its namespace uses. */
  private waitsForConsumer({
    metadata,
    spec,
  }: {
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly spec: { readonly storageClassName?: string };
  }): boolean {
    if (!this.kinds.has('storage.k8s.io/v1/StorageClass') || !this.kinds.has('v1/Pod')) return false;
    const storageClass = this.informers.of('storage.k8s.io/v1/StorageClass').get('', spec.storageClassName ?? '');
    if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') return false;
    for (const pod of this.podsOf(metadata.namespace ?? ''))
      if (pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name)) return false;
    return true;
  }

  stop(): Promise<void> {
    return this.informers.stop();
  }
}

const scopeKey = (kind: string, namespace: string): string => `${kind} ${namespace}`;

/** For what could not be written at all. */
export const notApplied = (message: string): Health => degraded(message);
