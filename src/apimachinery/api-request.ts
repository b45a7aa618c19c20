// What a request is once it has been read off the wire (or was made in this process), and what answers it. HTTP is one way to make
// these values (see http/), the in-process client the other; from here on there is one pipeline.
import type { HttpExchangeRequest, HttpExchangeResponse } from './http-exchange.ts';
import type { ByteStream, ExecOptions, ExecSession, PodConnection } from './node-api.ts';
import type { GroupVersionResource, JsonObject, KubernetesObject } from './object.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'connect';

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** A body, and how it came. */
export interface RequestBody {
  /** A JSON value: as parsed (numbers may be NumberLiteral), or an object of this process, which must not change any more. */
  readonly value: unknown;
  /** Keys given twice, as the parser found them. */
  readonly duplicates?: ReadonlyMap<object, readonly string[]>;
  /** The text, where there was one: some messages quote it. */
  readonly text?: string;
  /** It was YAML: duplicate keys are then reported in YAML's words. */
  readonly yamlErrors?: readonly string[];
  /** It was to be YAML, and is not. */
  readonly yamlFault?: string;
  /** The type of a patch. */
  readonly patchType?: PatchType;
}

/** The query parameters that verbs understand; what is absent was not given. */
export interface RequestOptions {
  readonly dryRun?: readonly string[];
  readonly fieldManager?: string;
  readonly fieldValidation?: string;
  readonly force?: boolean;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly timeoutSeconds?: number;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Of a delete: from the body, or else from the query. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** What the audit log is told of a request while it is served. */
export interface RequestAudit {
  readonly annotate: (key: string, value: string) => void;
  /** As the client sent it, or the patch. It may be changed afterwards. */
  requestObject(object: unknown): void;
  responseObject(object: JsonObject): void;
}

export interface ResourceRequest extends GroupVersionResource {
  readonly verb: Verb;
  /** Empty for cluster-scoped resources, and for lists over all namespaces. */
  readonly namespace: string;
  /** Empty for collections. */
  readonly name: string;
  /** Empty for the resource itself. */
  readonly subresource: string;
  readonly options: RequestOptions;
  readonly body?: RequestBody;
  readonly user: UserInfo;
  /** Names the field manager where `fieldManager` does not. */
  readonly userAgent: string;
  /** What subresources such as log and exec are asked: all parameters. */
  readonly query?: URLSearchParams;
  /** Of a proxy: what is to be passed on. */
  readonly proxied?: ProxiedRequest;
  /** Undefined where nothing of it is logged. */
  readonly audit?: RequestAudit;
}

/** A request that is for somebody else. */
export interface ProxiedRequest extends HttpExchangeRequest {
  /** The end of the path, as it was written, that is for the other one; with a slash at its start, or empty. */
  readonly rest: string;
}

/** How a resource request ended. Failures are thrown as {@link StatusError}. */
export type ResourceResponse =
  | { readonly is: 'object'; readonly code: number; readonly object: KubernetesObject | JsonObject; readonly warnings: readonly string[] }
  | { readonly is: 'watch'; readonly watch: WatchStream; readonly warnings: readonly string[] }
  | { readonly is: 'text'; readonly code: number; readonly text: string; readonly warnings: readonly string[] }
  /** A log. */
  | { readonly is: 'stream'; readonly stream: ByteStream; readonly warnings: readonly string[] }
  /** What somebody else has answered. */
  | { readonly is: 'proxied'; readonly answer: HttpExchangeResponse; readonly warnings: readonly string[] }
  /** The connection becomes one of another kind. */
  | { readonly is: 'upgrade'; readonly upgrade: Upgrade; readonly warnings: readonly string[] };

/** What is spoken over a connection once it has been upgraded. */
export type Upgrade =
  | { readonly to: 'exec'; readonly options: ExecOptions; readonly session: ExecSession }
  | {
      readonly to: 'portforward';
      /** Those that the request names, or what is wrong with them; only connections without streams of their own need them. */
      readonly ports: readonly number[] | string;
      connect(port: number): Promise<PodConnection>;
    };

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export interface WatchEvent {
  readonly type: WatchEventType;
  /** Of an ERROR, a Status. */
  readonly object: KubernetesObject | JsonObject;
}

/** Events in order. The stream ends when it is cancelled, times out, or its reader is too slow (after an ERROR of reason Expired). */
export interface WatchStream extends AsyncIterable<WatchEvent> {
  /** The next event; undefined at the end. */
  next(): Promise<WatchEvent | undefined>;
  /** The next event if it is there already. */
  poll(): WatchEvent | undefined;
  cancel(): void;
}

/** Where the objects of a kind are found. */
export interface ResourceMapping {
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** One version of a resource that a server has, as discovery tells it. */
export interface ServedResource extends ResourceMapping {
  readonly kind: string;
  readonly verbs: readonly string[];
}
