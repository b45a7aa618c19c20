// The API server: its parts put together. Everything that asks the cluster for anything comes through serve().
import type { Clock } from '../../apimachinery/clock.ts';
import type { NodeApi } from '../../apimachinery/node-api.ts';
import type { Random } from '../../apimachinery/random.ts';
import { statusError } from '../../apimachinery/status-error.ts';
import { isStorageError } from '../storage/storage-error.ts';
import type { Store } from '../storage/store.ts';
import { FREE_FORM } from '../../apimachinery/apply/apply-schema.ts';
import { AdmissionChain, type AdmissionPlugin } from './admission/admission.ts';
import { access, type Access } from './access.ts';
import { AuditLog, type AuditOptions } from './audit/audit-log.ts';
import { audited, jsonOf } from './audit/in-process.ts';
import { attributesOf, requireAllowed } from './authorization/authorizer.ts';
import { Aggregator } from './aggregator/aggregator.ts';
import { Backends } from './aggregator/backends.ts';
import type { WebhookCaller } from './admission/webhook/webhook-caller.ts';
import { Fairness } from './flow-control/fairness.ts';
import { FlowControlConfig } from './flow-control/flow-control-config.ts';
import { CustomResources } from './custom/custom-resources.ts';
import { adopt, type NotAdopted } from './generic/adopt.ts';
import { applyTypeOf, FieldManagers } from './generic/field-managers.ts';
import { Handlers } from './generic/handlers.ts';
import { healthChecks, type HealthCheck } from './http/health.ts';
import { RequestMetrics } from './http/metrics.ts';
import { keepKubernetesService } from './service/kubernetes-service.ts';
import { ResourceCatalog } from './generic/catalog.ts';
import type { ResourceDefinition } from './generic/resource-definition.ts';
import type { RequestAudit, ResourceMapping, ResourceRequest, ResourceResponse, ServedResource } from '../../apimachinery/api-request.ts';
import type { JsonObject, KubernetesObject } from '../../apimachinery/object.ts';

/** What the store cannot do is the server's failure, not the client's: as Kubernetes answers when etcd is out of space. */
function storeFailed(error: unknown): never {
  if (isStorageError(error)) throw statusError({ code: 500, reason: '', message: error.message }, { cause: error });
  throw error;
}

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly resources: readonly ResourceDefinition[];
  readonly admission: readonly AdmissionPlugin[];
  /** Who sends a request, and who may do what; everyone may do everything where it is not said. */
  readonly access?: Access;
  /** How other servers are reached. Absent: only those are that live in this process. */
  readonly backends?: Backends;
  /** Reaches conversion webhooks. Absent: between versions only `apiVersion` changes. */
  readonly webhooks?: WebhookCaller | undefined;
  /** What is told of requests, and to whom. Nothing by default. */
  readonly audit?: AuditOptions;
  /** How many requests over HTTP are served at a time, of all priority levels together. Default: 600. */
  readonly maxRequestsInFlight?: number;
}

export class ApiServer {
  readonly catalog = new ResourceCatalog();
  readonly access: Access;
  readonly metrics = new RequestMetrics();
  readonly healthChecks: Readonly<Record<string, readonly HealthCheck[]>>;
  /** Undefined where there is none. */
  readonly audit: AuditLog | undefined;
  private readonly handlers: Handlers;
  private readonly store: Store;
  private readonly random: Random;
  /** Apart from the others: objects are to get the same uids whether they come over HTTP or not. */
  private auditIDs: Random | undefined;
  readonly clock: Clock;
  private readonly customResources: CustomResources;
  /** How other servers are reached, and those that live in this process. */
  readonly backends: Backends;
  readonly aggregator: Aggregator;
  private readonly flowControl: FlowControlConfig;
  /** Who waits for whom among requests over HTTP. */
  readonly fairness: Fairness;

  constructor(options: ApiServerOptions) {
    this.clock = options.clock;
    this.store = options.store;
    this.random = options.random;
    this.access = options.access ?? access(options);
    this.audit = options.audit && new AuditLog(options.audit, () => this.now());
    for (const definition of options.resources) this.catalog.add(definition, (_, version) => !version.optional);
    this.backends = options.backends ?? new Backends();
    this.handlers = new Handlers({
      store: options.store,
      clock: options.clock,
      random: options.random,
      catalog: this.catalog,
      admission: new AdmissionChain(options.admission),
      authorizer: this.access.authorizer,
      fieldManagers: new FieldManagers(options.clock),
      backends: this.backends,
    });
    const { store, clock } = options;
    const { authorizer } = this.access;
    for (const plugin of options.admission)
      plugin.connect?.({ catalog: this.catalog, authorizer, applyType: ({ version }) => applyTypeOf(version) ?? FREE_FORM });
    this.healthChecks = healthChecks(async () => {
      await store.list('/registry/health/', { limit: 1 });
    });
    const serve = (request: ResourceRequest): Promise<ResourceResponse> => this.handlers.serve(request);
    const conversion = options.webhooks && { caller: options.webhooks, random: options.random };
    this.customResources = new CustomResources({ store, clock, catalog: this.catalog, serve, conversion });
    this.aggregator = new Aggregator({ store, clock, backends: this.backends, serve });
    this.flowControl = new FlowControlConfig({ store, clock, serve: (request) => this.handlers.serve(request).catch(storeFailed) });
    keepKubernetesService({ store, clock, serve });
    this.fairness = new Fairness(this.flowControl, clock, options.maxRequestsInFlight);
  }

  /** Takes over objects of another server, those that define kinds first. */
  async adopt(objects: readonly KubernetesObject[]): Promise<readonly NotAdopted[]> {
    const parts = { catalog: this.catalog, store: this.store };
    const defines = ({ kind }: KubernetesObject): boolean => kind === 'CustomResourceDefinition';
    await this.ready();
    const left = await adopt(objects.filter(defines), parts);
    await this.customResources.settled();
    return [
      ...left,
      ...(await adopt(
        objects.filter((object) => !defines(object)),
        parts,
      )),
    ];
  }

  /** From now on logs, commands and connections are asked of these kubelets. */
  connectNodes(nodes: NodeApi): void {
    this.handlers.connectNodes(nodes);
    this.backends.nodes = nodes;
  }

  /** The kubelets; undefined where there are none. */
  get nodes(): NodeApi | undefined {
    return this.handlers.nodes;
  }

  /** Ends what goes on by itself; the store is its owner's to close. */
  close(): void {
    this.aggregator.close();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.clock.now();
  }

  /** Of a request that names none. */
  newAuditID(): string {
    this.auditIDs ??= this.random.fork();
    return this.auditIDs.uuid();
  }

  /**
   * The catalog knows custom resources and what other servers have, and requests have their priority, only once this has resolved;
   * undefined: they do already.
   */
  ready(): Promise<void> | undefined {
    const [custom, aggregated, flows] = [this.customResources.ready(), this.aggregator.ready(), this.flowControl.ready()];
    return custom || aggregated || flows ? Promise.all([custom, aggregated, flows]).then(() => undefined) : undefined;
  }

  /** Throws a StatusError where the request is refused. */
  async serve(request: ResourceRequest): Promise<ResourceResponse> {
    if (this.audit) return audited(this.audit, this.newAuditID(), request, (asked, told) => this.serveTold(asked, told));
    const checking = requireAllowed(this.access.authorizer, attributesOf(request));
    if (checking) await checking;
    return this.serveAllowed(request);
  }

  private async serveTold(request: ResourceRequest, told?: RequestAudit): Promise<ResourceResponse> {
    await requireAllowed(this.access.authorizer, attributesOf(request), told);
    return this.serveAllowed(request);
  }

  /** The user is known to be allowed this. */
  async serveAllowed(request: ResourceRequest): Promise<ResourceResponse> {
    const pending = this.ready();
    if (pending) await pending;
    const aggregated = this.aggregator.find(request.group, request.version);
    if (aggregated) return this.aggregator.serve(aggregated, request);
    const settling = request.group === FLOW_CONTROL && isWrite(request) ? this.flowControl.settle() : undefined;
    if (settling) await settling;
    const { audit, body } = request;
    if (audit && (body?.patchType || request.verb.startsWith('delete'))) audit.requestObject(body?.value ?? jsonOf(body?.text));
    const response = await this.handlers.serve(request).catch(storeFailed);
    if (audit && response.is === 'object') audit.responseObject(response.object as JsonObject);
    // who has made a definition may use its kinds at once
    if (changesDefinitions(request)) await this.customResources.settled();

    return response;
  }

  /** @param kind `apps/v1/Deployment` */
  mapping(kind: string): ResourceMapping | undefined {
    const served = this.catalog.findKind(kind);
    if (!served) return this.aggregator.mapping(kind);
    const { group, resource, namespaced } = served.definition;
    return { group, version: served.version.version, resource, namespaced };
  }

  /** All resources at this moment, of several versions of one the preferred first. */
  resources(): readonly ServedResource[] {
    const own = this.catalog.served().map(({ definition: { group, resource, namespaced, verbs }, version: { version, kind } }) => ({
      group,
      version,
      resource,
      namespaced,
      kind,
      verbs,
    }));
    return [...own, ...this.aggregator.resources()];
  }
}

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io';

const isWrite = ({ verb }: ResourceRequest): boolean => !['get', 'list', 'watch'].includes(verb);

const changesDefinitions = (request: ResourceRequest): boolean =>
  request.group === 'apiextensions.k8s.io' && request.resource === 'customresourcedefinitions' && isWrite(request);
