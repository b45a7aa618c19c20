// FlowSchemas and PriorityLevelConfigurations as the server goes by them: kept from the store's events, FlowSchemas in the order in which
// they are tried. Tells in each FlowSchema's condition `Dangling` whether its priority level is there, and keeps those that the server
// comes with as they are to be (upkeep.ts). Follows util/flowcontrol/apf_controller.go of k8s.io/apiserver.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Store } from '../../storage/store.ts';
import { matchesFlowSchema, type RequestDigest } from './match.ts';
import { BootstrapUpkeep } from './upkeep.ts';

export interface FlowControlParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Requests of the server to itself. */
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
}

const GROUP = 'flowcontrol.apiserver.k8s.io';
const SCHEMAS = 'flowschemas';
const LEVELS = 'prioritylevelconfigurations';
const DANGLING = 'Dangling';
const MANAGER = 'api-priority-and-fairness-config-consumer-v1';
const CATCH_ALL = 'catch-all';
const USER = { username: 'system:apiserver', groups: ['system:masters'] };

/** Where a request belongs. */
export interface Classified {
  readonly schema: FlowSchema;
  readonly level: PriorityLevelConfiguration;
}

export class FlowControlConfig {
  private readonly parts: FlowControlParts;
  private readonly upkeep: BootstrapUpkeep;
  private readonly schemas = new Map<string, FlowSchema>();
  private levelsByName = new Map<string, PriorityLevelConfiguration>();
  private sorted: readonly FlowSchema[] | undefined;
  private readonly pending = new Set<string>();
  private working: Promise<void> | undefined;
  private loading: Promise<void> | undefined;
  private loaded = false;

  constructor(parts: FlowControlParts) {
    this.parts = parts;
    this.upkeep = new BootstrapUpkeep(parts, { schemas: this.schemas, levels: () => this.levelsByName });
  }

  /** Another map whenever something has changed. */
  get levels(): ReadonlyMap<string, PriorityLevelConfiguration> {
    return this.levelsByName;
  }

  /** Undefined where all that is in the store is known. */
  ready(): Promise<void> | undefined {
    if (this.loaded) return undefined;
    return (this.loading ??= this.load());
  }

  /** Tells what conditions there are to tell; undefined where there are none. Whoever writes next must not be told of a conflict for it. */
  settle(): Promise<void> | undefined {
    if (this.pending.size === 0) return this.working;
    return (this.working ??= this.parts.clock.hold(this.work()).finally(() => (this.working = undefined)));
  }

  private async load(): Promise<void> {
    await this.follow(LEVELS, (name, object) => this.levelChanged(name, object as unknown as PriorityLevelConfiguration | undefined));
    await this.follow(SCHEMAS, (name, object) => this.schemaChanged(name, object as unknown as FlowSchema | undefined));
    this.loaded = true;
  }

  private async follow(resource: string, changed: (name: string, object: KubernetesObject | undefined) => void): Promise<void> {
    const prefix = `/registry/${resource}/`;
    const { store } = this.parts;
    for (;;) {
      const list = await store.list(prefix);
      if (!list.ok) continue;
      for (const { value } of list.entries) changed(value.metadata.name, value);
      const watch = store.watch(prefix, list.revision, ({ type, value }) => {
        changed(value.metadata.name, type === 'delete' ? undefined : value);
        this.upkeep.changed(resource, value.metadata.name);
      });
      // compacted meanwhile
      if (watch) return;
    }
  }

  private schemaChanged(name: string, schema: FlowSchema | undefined): void {
    this.sorted = undefined;
    if (!schema) {
      this.schemas.delete(name);
      return;
    }
    this.schemas.set(name, schema);
    this.enqueue(name);
  }

  private levelChanged(name: string, level: PriorityLevelConfiguration | undefined): void {
    const known = this.levelsByName.has(name);
    this.levelsByName = new Map(this.levelsByName);
    if (level) this.levelsByName.set(name, level);
    else this.levelsByName.delete(name);
    this.sorted = undefined;
    if (known === Boolean(level)) return;
    for (const schema of this.schemas.values()) if (levelNameOf(schema) === name) this.enqueue(schema.metadata.name!);
  }

  /** The first that is about the request, of those whose level is there. Undefined where not even the last resort is. */
  classify(digest: RequestDigest): Classified | undefined {
    this.sorted ??= [...this.schemas.values()].filter((schema) => this.levelsByName.has(levelNameOf(schema))).sort(byPrecedence);
    const schema = this.sorted.find((one) => matchesFlowSchema(one, digest)) ?? this.schemas.get(CATCH_ALL);
    const level = schema && this.levelsByName.get(levelNameOf(schema));
    return level && { schema, level };
  }

  // ---- the condition ----

  private enqueue(name: string): void {
    const schema = this.schemas.get(name);
    if (!schema || isTold(schema, this.conditionOf(schema))) return;
    // the write that this is about is answered first
    if (this.pending.size === 0) this.parts.clock.schedule(0, () => void this.settle(), { background: true });
    this.pending.add(name);
  }

  private async work(): Promise<void> {
    for (const name of this.pending) {
      this.pending.delete(name);
      const schema = this.schemas.get(name);
      if (!schema) continue;
      const condition = this.conditionOf(schema);
      if (!isTold(schema, condition)) await this.tell(name, condition);
    }
  }

  private conditionOf(schema: FlowSchema): { type: string; status: string; reason: string; message: string } {
    const level = levelNameOf(schema);
    const found = this.levelsByName.has(level);
    return {
      type: DANGLING,
      status: found ? 'False' : 'True',
      reason: found ? 'Found' : 'NotFound',
      message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${found ? 'and it exists' : 'but there is no such object'}`,
    };
  }

  private async tell(name: string, condition: object): Promise<void> {
    const conditions = [{ ...condition, lastTransitionTime: formatTime(this.parts.clock.now()) }];
    const value = { apiVersion: `${GROUP}/v1`, kind: 'FlowSchema', metadata: { name }, status: { conditions } };
    const where = { group: GROUP, version: 'v1', resource: SCHEMAS, namespace: '', name, subresource: 'status' };
    const options = { fieldManager: MANAGER, force: true };
    try {
      await this.parts.serve({ ...where, verb: 'patch', options, body: { value, patchType: 'apply' }, user: USER, userAgent: MANAGER });
    } catch (error) {
      // it has gone meanwhile; or the write is refused, or cannot be kept, and is made with the next change
      if (!(error instanceof StatusError)) throw error;
    }
  }
}

const levelNameOf = ({ spec }: FlowSchema): string => spec?.priorityLevelConfiguration.name ?? '';

const byPrecedence = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0) || (a.metadata.name! < b.metadata.name! ? -1 : 1);

function isTold({ status }: FlowSchema, wanted: { readonly status: string; readonly reason: string; readonly message: string }): boolean {
  const condition = status?.conditions?.find(({ type }) => type === DANGLING);
  return condition?.status === wanted.status && condition.reason === wanted.reason && condition.message === wanted.message;
}
