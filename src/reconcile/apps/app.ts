// An app: what one part of a repository is to be synced to, where from, in which order, and under which rules; an immutable value, the
// same whether Flux, Argo CD or jibe.yaml says so. Readers make it (flux.ts, argo.ts, jibe-file.ts); nothing here reads or renders.
import type { IgnoreDifference } from '../plan/sync-policy.ts';
import type { HelmOptions } from '../render/helm/chart-options.ts';
import type { ManifestOrigin } from '../render/origin.ts';
import type { JsonObject } from '../../apimachinery/object.ts';

export type AppTool = 'flux' | 'argocd' | 'jibe';

/** Where a part of an app's manifests lies. */
export interface AppSource {
  /** A URL or a path as it is written; undefined for the repository in which the app itself was found. */
  readonly url: string | undefined;
  /** Branch, tag, commit or range of versions; undefined for what is opened already, elsewhere for HEAD. */
  readonly ref: string | undefined;
  /** From the root of the repository; empty for all of it. */
  readonly path: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly render: RenderOptions;
  /** What the app says of the chart that lies there. */
  readonly helm?: HelmOptions;
  /** Values of the chart that ConfigMaps and Secrets hold, the later ones over the earlier ones. */
  readonly valuesFrom?: readonly ValuesFrom[];
  /** What is done to what a chart gives, one after the other, as kustomizations. */
  readonly postRenderers?: readonly KustomizeOverrides[];
  /** A chart of a repository of charts: `url` is that repository, `ref` a range of versions, and `path` is empty. Empty where `url` is the chart's own. */
  readonly chart?: string;
}

/** A source that only lends files to the others. */
export type Lender = Pick<AppSource, 'url' | 'ref'>;

/** How a directory becomes objects. */
export type RenderOptions =
  /** As Flux: a directory without a kustomization gets one, and overrides go into it. */
  | { readonly as: 'flux'; readonly overrides: KustomizeOverrides }
  /** As Argo CD: a kustomization with overrides, or the files of one directory, of those below too if `recurse`. */
  | { readonly as: 'argocd'; readonly overrides: KustomizeOverrides; readonly recurse: boolean }
  /** A chart, and nothing else. */
  | { readonly as: 'chart' }
  /** As any other SOURCE. */
  | { readonly as: 'source' };

/** What is put into a kustomization.yaml before it is built: its own fields, with their own names. */
export interface KustomizeOverrides {
  /** Taken in place of what the file says. */
  readonly replace: JsonObject;
  /** Lists that come behind those of the file; images replace those of the same name. */
  readonly append: Readonly<Record<string, readonly unknown[]>>;
  /** Where the app's definition says each of these fields. */
  readonly said: Readonly<Record<string, string>>;
}

export const NO_OVERRIDES: KustomizeOverrides = { replace: {}, append: {}, said: {} };

export interface Dependency {
  /** The id of an app. */
  readonly app: string;
  /** The field that says so. */
  readonly field: string;
  /** Where it stands, if that is known without a search. */
  readonly place?: App['place'];
}

export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly limit: number;
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

export const NO_RETRY: RetryPolicy = { limit: 0, firstMs: 0, factor: 1, maxMs: 0 };

export interface SubstituteFrom {
  readonly kind: string;
  readonly name: string;
  readonly optional: boolean;
}

export interface ValuesFrom {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /** The value that it is; empty where it is a whole file of values. */
  readonly targetPath: string;
  readonly optional: boolean;
  /** The field that says so. */
  readonly said: string;
}

/** Variables that are put in for `${name}` after the build. */
export interface PostBuild {
  readonly substitute: Readonly<Record<string, string>>;
  readonly substituteFrom: readonly SubstituteFrom[];
  /** Where ConfigMaps and Secrets of `substituteFrom` are. */
  readonly namespace: string;
  /** A variable without value and default is an error. */
  readonly strict: boolean;
}

export interface HealthCheck {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** Labels and annotations for all objects, or for the namespace that is made. */
export interface CommonMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface App {
  /** `Kustomization/flux-system/apps`, `Application/argocd/web`, `App/web`: unique in a tree. */
  readonly id: string;
  readonly name: string;
  readonly tool: AppTool;
  /** The object that defines it. Undefined for one that jibe.yaml names. */
  readonly origin: ManifestOrigin | undefined;
  /** Where it stands in its source: file, line and column. */
  readonly place: { readonly file: string; readonly line: number; readonly column: number };
  readonly sources: readonly AppSource[];
  /** By the names under which the sources refer to them. */
  readonly lenders: ReadonlyMap<string, Lender>;
  /** Where objects go that name no namespace. Undefined where every object must name its own. */
  readonly namespace: string | undefined;
  readonly dependsOn: readonly Dependency[];
  readonly prune: boolean;
  /** Once nothing defines it any longer, its objects go with it. */
  readonly cascade: boolean;
  /** What depends on it waits until it is healthy, not only until it is applied. */
  readonly wait: boolean;
  /** Objects that what depends on it waits for besides. */
  readonly healthChecks: readonly HealthCheck[];
  /** Expressions in CEL that judge kinds. */
  readonly healthExpressions: readonly HealthExpression[];
  /** It is left as it is. */
  readonly suspend: boolean;
  /** Whether drift is put right while it is kept; undefined for what the command says. */
  readonly selfHeal: boolean | undefined;
  readonly retry: RetryPolicy;
  /** Of one attempt, waiting included; undefined for what the command allows. */
  readonly timeoutMs: number | undefined;
  readonly syncOptions: readonly string[];
  readonly ignoreDifferences: readonly IgnoreDifference[];
  readonly commonMetadata: CommonMetadata;
  /** Of the namespace that CreateNamespace makes. */
  readonly namespaceMetadata: CommonMetadata;
  readonly postBuild: PostBuild | undefined;
  /** When it may be synced by whoever keeps it, and when not. */
  readonly windows: readonly SyncWindow[];
  /** What it is read from must be signed so. */
  readonly verify: 'gpg' | 'ssh' | undefined;
  /** Immutable changes make objects anew. */
  readonly force: boolean;
  /** In which order its parent makes it. */
  readonly wave: number;
  /** The Argo CD project that it belongs to. */
  readonly project: string | undefined;
  /** Why it cannot be synced here, and is only reported. */
  readonly notRendered: string | undefined;
}

/** A time in which syncs are allowed, or not. Outside of all that allow, where there are any, they are not. */
export interface SyncWindow {
  readonly kind: 'allow' | 'deny';
  /** In cron's five fields: when it opens. */
  readonly schedule: string;
  readonly durationMs: number;
  /** An IANA name. */
  readonly timeZone: string;
}

export interface HealthExpression {
  readonly apiVersion: string;
  readonly kind: string;
  readonly current: string;
  readonly inProgress: string | undefined;
  readonly failed: string | undefined;
}

export const NO_METADATA: CommonMetadata = { labels: {}, annotations: {} };

/** An app that says nothing but what it must. */
export const plainApp: Omit<App, 'id' | 'name' | 'tool' | 'origin' | 'place' | 'sources'> = {
  lenders: new Map(),
  namespace: undefined,
  dependsOn: [],
  prune: true,
  cascade: true,
  wait: true,
  healthChecks: [],
  healthExpressions: [],
  suspend: false,
  selfHeal: undefined,
  windows: [],
  verify: undefined,
  retry: NO_RETRY,
  timeoutMs: undefined,
  syncOptions: [],
  ignoreDifferences: [],
  commonMetadata: NO_METADATA,
  namespaceMetadata: NO_METADATA,
  postBuild: undefined,
  force: false,
  wave: 0,
  project: undefined,
  notRendered: undefined,
};
