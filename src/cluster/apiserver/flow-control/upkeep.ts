// The FlowSchemas and priority levels that the server comes with: the mandatory ones are always there as they are to be, the suggested ones
// are kept so unless their annotation says that somebody else cares for them. Looked after within a minute of a change, as Kubernetes
// does. Follows apis/flowcontrol/ensurer of k8s.io/apiserver.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { ResourceRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { deepEqual, type JsonObject, type Manifest } from '../../../apimachinery/object.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import { flowSchemas, priorityLevels } from '../bootstrap/flow-control.ts';

const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';
const MANDATORY = ['exempt', 'catch-all'];
const PERIOD_MS = 60_000;
const MANAGER = 'api-priority-and-fairness-config-producer-v1';
const USER = { username: 'system:apiserver', groups: ['system:masters'] };

type Configuration = FlowSchema | PriorityLevelConfiguration;

/** What is there now. */
export interface Present {
  readonly schemas: ReadonlyMap<string, FlowSchema>;
  levels(): ReadonlyMap<string, PriorityLevelConfiguration>;
}

interface Parts {
  readonly clock: Clock;
  readonly serve: (request: ResourceRequest) => Promise<ResourceResponse>;
}

let wanted: ReadonlyMap<string, Manifest<Configuration>> | undefined;

/** By resource and name. */
const bootstrapped = (): ReadonlyMap<string, Manifest<Configuration>> =>
  (wanted ??= new Map<string, Manifest<Configuration>>([
    ...flowSchemas(0).map((one) => [`flowschemas/${one.metadata.name}`, one] as const),
    ...priorityLevels().map((one) => [`prioritylevelconfigurations/${one.metadata.name}`, one] as const),
  ]));

export class BootstrapUpkeep {
  private readonly parts: Parts;
  private readonly present: Present;
  private readonly touched = new Set<string>();

  constructor(parts: Parts, present: Present) {
    this.parts = parts;
    this.present = present;
  }

  /** Somebody has written, or deleted, the object. */
  changed(resource: string, name: string): void {
    const key = `${resource}/${name}`;
    if (!bootstrapped().has(key) || this.actionFor(key) === undefined) return;
    if (this.touched.size === 0) this.parts.clock.schedule(PERIOD_MS, () => void this.parts.clock.hold(this.work()), { background: true });
    this.touched.add(key);
  }

  private async work(): Promise<void> {
    const keys = [...this.touched];
    this.touched.clear();
    for (const key of keys) {
      const [resource = '', name = ''] = key.split('/');
      const action = this.actionFor(key);
      if (!action) continue;
      const where = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', resource, namespace: '', subresource: '' };
      const who = { options: { fieldManager: MANAGER }, user: USER, userAgent: MANAGER };
      try {
        await this.parts.serve({ ...where, ...who, ...action, name: action.verb === 'create' ? '' : name });
      } catch (error) {
        // whoever came between is looked after in turn; what is refused, and what cannot be kept, waits for the next change
        if (!(error instanceof StatusError)) throw error;
      }
    }
  }

  /** Undefined where all is well. */
  private actionFor(key: string): Pick<ResourceRequest, 'verb' | 'body'> | undefined {
    const [resource, name = ''] = key.split('/');
    const manifest = bootstrapped().get(key)!;
    const now: Configuration | undefined = resource === 'flowschemas' ? this.present.schemas.get(name) : this.present.levels().get(name);
    if (!now) {
      const { status: _, ...fresh } = manifest as Manifest<Configuration> & { readonly status?: unknown };
      return { verb: 'create', body: { value: fresh } };
    }
    const annotation = now.metadata.annotations?.[AUTO_UPDATE];
    // who wrote it first and never said otherwise has not taken it over
    const auto = MANDATORY.includes(name) || annotation === 'true' || (annotation === undefined && now.metadata.generation === 1);
    const specIsRight = !auto || deepEqual(now.spec, manifest.spec);
    if (specIsRight && annotation === String(auto)) return undefined;
    const annotations = { ...now.metadata.annotations, [AUTO_UPDATE]: String(auto) };
    const value = { ...now, metadata: { ...now.metadata, annotations }, ...(auto ? { spec: manifest.spec } : {}) };
    return { verb: 'update', body: { value: value as unknown as JsonObject } };
  }
}
