// The audit log: what is told of each request, as Events of audit.k8s.io/v1, a line of JSON for every stage. Follows audit and
// endpoints/filters/audit.go of k8s.io/apiserver. Where there is no log, none of this is made.
import type { RequestAudit, UserInfo } from '../../../apimachinery/api-request.ts';
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { plainValue } from '../../../apimachinery/json/parse.ts';
import { groupVersion, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import type { StatusError } from '../../../apimachinery/status-error.ts';
import { formatMicroTime } from '../../../apimachinery/time.ts';
import { evaluate, LEVELS, type AuditAttributes, type Evaluated, type Level, type Policy, type Stage } from './policy.ts';

export interface AuditOptions {
  readonly policy: Policy;
  /** Takes one Event, without a line's end. What it throws is the server's failure. */
  readonly sink: (line: string) => void;
}

/** A request as the log tells it. */
export interface AuditedRequest extends AuditAttributes {
  readonly auditID: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly sourceIPs: readonly string[];
}

/** They are answered as long as the client likes, and told when that begins. */
const LONG_RUNNING = ['attach', 'exec', 'log', 'portforward', 'proxy'];
const isLongRunning = ({ verb, subresource }: AuditAttributes): boolean => verb === 'watch' || LONG_RUNNING.includes(subresource);

export class AuditLog {
  private readonly options: AuditOptions;
  private readonly now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(options: AuditOptions, now: () => number) {
    this.options = options;
    this.now = now;
  }

  /** Undefined where the policy does not want the request told. */
  begin(request: AuditedRequest): AuditRecord | undefined {
    const how = evaluate(this.options.policy, request);
    if (how.level === 'None') return undefined;
    const record = new AuditRecord(request, how, this.now, this.options.sink);
    record.stage('RequestReceived');
    return record;
  }

  /** Somebody whose credentials are not valid. @param how they were shown */
  unauthenticated(request: AuditedRequest, how: string): void {
    const evaluated = evaluate(this.options.policy, request);
    if (evaluated.level === 'None') return;
    const record = new AuditRecord(request, evaluated, this.now, this.options.sink);
    record.unauthenticated(`Authentication failed, attempted: ${how}`);
  }
}

type ResponseStatus = Partial<StatusError['status']>;

export class AuditRecord implements RequestAudit {
  readonly longRunning: boolean;
  private readonly request: AuditedRequest;
  private readonly how: Evaluated;
  private readonly now: () => number;
  private readonly sink: (line: string) => void;
  private readonly received: number;
  private readonly annotations: Record<string, string> = {};
  private impersonatedUser: UserInfo | undefined;
  private readonly ref: { namespace: string; name: string; uid: string; resourceVersion: string };
  private status: ResponseStatus | undefined;
  /** In JSON. */
  private requestText: string | undefined;
  private responseText: string | undefined;
  private ended = false;

  constructor(request: AuditedRequest, how: Evaluated, now: () => number, sink: (line: string) => void) {
    this.request = request;
    this.how = how;
    this.now = now;
    this.sink = sink;
    this.received = now();
    this.longRunning = isLongRunning(request);
    this.ref = { namespace: request.namespace, name: request.name, uid: '', resourceVersion: '' };
  }

  private tells(level: Level): boolean {
    return LEVELS.indexOf(this.how.level) >= LEVELS.indexOf(level);
  }

  /** What was said first stays. */
  readonly annotate = (key: string, value: string): void => {
    this.annotations[key] ??= value;
  };

  actsAs(user: UserInfo): void {
    this.impersonatedUser = user;
  }

  /** A patch leaves the reference as the path has it. */
  requestObject(object: unknown): void {
    const metadata = isObject(object) && isObject(object['metadata']) ? object['metadata'] : {};
    const text = (key: string): string => (typeof metadata[key] === 'string' ? metadata[key] : '');
    this.ref.namespace ||= text('namespace');
    this.ref.name ||= text('name');
    this.ref.uid ||= text('uid');
    this.ref.resourceVersion ||= text('resourceVersion');
    if (this.tells('Request')) this.requestText = this.textOf(object);
  }

  responseObject(object: JsonObject): void {
    if (this.tells('RequestResponse')) this.responseText = this.textOf(object);
  }

  failed(status: ResponseStatus): void {
    const { message, reason, details, code } = status;
    this.status = { status: 'Failure', message, reason, ...(details ? { details } : {}), code };
    if (this.tells('RequestResponse')) this.responseText = encodeJson({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...this.status });
  }

  private textOf(object: unknown): string {
    const plain = plainValue(object);
    return encodeJson(this.how.omitManagedFields && isObject(plain) ? withoutManagedFields(plain) : plain);
  }

  /** Of a long-running request: the answer begins. */
  started(code: number): void {
    this.status = { ...this.status, code };
    this.stage('ResponseStarted');
  }

  /** @param code left away where it has been told */
  complete(code?: number): void {
    if (this.ended) return;
    this.ended = true;
    if (code !== undefined) this.status = { ...this.status, code };
    this.stage('ResponseComplete');
  }

  panicked(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.status = { status: 'Failure', reason: 'InternalError', message: `APIServer panic'd: ${String(error)}`, code: 500 };
    this.stage('Panic');
  }

  unauthenticated(message: string): void {
    this.status = { message, code: 401 };
    this.stage('ResponseStarted');
  }

  stage(stage: Stage): void {
    if (this.how.omitStages.has(stage)) return;
    const { requestText, responseText } = this;
    const head = encodeJson(this.head(stage)).slice(0, -1);
    const objects = `${requestText === undefined ? '' : `,"requestObject":${requestText}`}${responseText === undefined ? '' : `,"responseObject":${responseText}`}`;
    const tail = {
      requestReceivedTimestamp: formatMicroTime(this.received),
      stageTimestamp: formatMicroTime(this.now()),
      ...(Object.keys(this.annotations).length ? { annotations: this.annotations } : {}),
    };
    this.sink(`${head}${objects},${encodeJson(tail).slice(1)}`);
  }

  private head(stage: Stage): JsonObject {
    const { request, impersonatedUser, status } = this;
    return {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: this.how.level,
      auditID: request.auditID,
      stage,
      requestURI: request.requestURI,
      verb: request.verb,
      user: userText(request.user),
      ...(impersonatedUser ? { impersonatedUser: userText(impersonatedUser) } : {}),
      ...(request.sourceIPs.length ? { sourceIPs: request.sourceIPs } : {}),
      ...(request.userAgent ? { userAgent: request.userAgent } : {}),
      ...(request.isResourceRequest ? { objectRef: this.objectRef() } : {}),
      ...(status ? { responseStatus: { metadata: {}, ...defined(status) } } : {}),
    } as JsonObject;
  }

  private objectRef(): JsonObject {
    const { resource, group, version, subresource } = this.request;
    const { namespace, name, uid, resourceVersion } = this.ref;
    const apiVersion = groupVersion({ group: '', version });
    return defined({ resource, namespace, name, uid, apiGroup: group, apiVersion, resourceVersion, subresource });
  }
}

/** What is empty is left out. */
const defined = (object: object): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== '' && value !== undefined)) as JsonObject;

const userText = ({ username, uid, groups, extra }: UserInfo): JsonObject =>
  defined({ username, uid, groups: groups.length ? groups : undefined, extra });

/** Of an object, or of a list's items. */
function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata, items } = object;
  const changed = { ...object };
  if (isObject(metadata) && 'managedFields' in metadata) {
    const { managedFields: _, ...rest } = metadata;
    changed['metadata'] = rest;
  }
  if (Array.isArray(items)) changed['items'] = items.map((item) => (isObject(item) ? withoutManagedFields(item) : item));
  return changed;
}
