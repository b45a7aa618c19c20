// What manifests say about their own synchronisation, in the annotations of Argo CD, Flux and Helm.
import type { ObjectMeta } from '#api/meta/v1';

export type Phase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail' | 'Skip';
export type HookDeletePolicy = 'BeforeHookCreation' | 'HookSucceeded' | 'HookFailed';

export interface SyncAnnotations {
  /** A hook's phases; empty for a plain object. */
  readonly hooks: readonly Phase[];
  readonly deletePolicies: readonly HookDeletePolicy[];
  readonly wave: number;
  /** Never deleted by a sync. */
  readonly keep: boolean;
  /** An immutable change makes the object anew. */
  readonly force: boolean;
  /** Left as it is: neither written nor pruned. */
  readonly ignored: boolean;
}

const HELM_PHASES: Readonly<Record<string, Phase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
  // Argo CD reads these as not to be synced
  'pre-delete': 'Skip',
  'post-delete': 'Skip',
  'pre-rollback': 'Skip',
  'post-rollback': 'Skip',
  test: 'Skip',
  'test-success': 'Skip',
};
const HELM_POLICIES: Readonly<Record<string, HookDeletePolicy>> = {
  'before-hook-creation': 'BeforeHookCreation',
  'hook-succeeded': 'HookSucceeded',
  'hook-failed': 'HookFailed',
};
const PHASES: readonly string[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'Skip'];
const POLICIES: readonly string[] = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'];

const words = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

/** @param defaults options of the app as a whole */
export function readSyncAnnotations(
  { annotations = {} }: Pick<ObjectMeta, 'annotations'>,
  defaults: readonly string[] = [],
): SyncAnnotations {
  const argo = words(annotations['argocd.argoproj.io/hook']).filter((word) => PHASES.includes(word)) as Phase[];
  const helm = words(annotations['helm.sh/hook']).flatMap((word) => HELM_PHASES[word] ?? []);
  const hooks = argo.length ? argo : helm;
  const argoPolicies = words(annotations['argocd.argoproj.io/hook-delete-policy']).filter((word) =>
    POLICIES.includes(word),
  ) as HookDeletePolicy[];
  const helmPolicies = words(annotations['helm.sh/hook-delete-policy']).flatMap((word) => HELM_POLICIES[word] ?? []);
  const policies = argoPolicies.length ? argoPolicies : helmPolicies;
  const options = [...defaults, ...words(annotations['argocd.argoproj.io/sync-options'])];
  return {
    hooks: [...new Set(hooks)],
    // as Argo CD and Helm do where nothing is said
    deletePolicies: policies.length ? policies : ['BeforeHookCreation'],
    wave: waveOf(annotations['argocd.argoproj.io/sync-wave'] ?? (helm.length ? annotations['helm.sh/hook-weight'] : undefined)),
    keep:
      options.includes('Prune=false') ||
      annotations['kustomize.toolkit.fluxcd.io/prune'] === 'disabled' ||
      annotations['helm.sh/resource-policy'] === 'keep',
    force:
      options.includes('Force=true') || options.includes('Replace=true') || annotations['kustomize.toolkit.fluxcd.io/force'] === 'enabled',
    ignored: annotations['kustomize.toolkit.fluxcd.io/reconcile'] === 'disabled',
  };
}

/** What is no number counts as none given, as in Argo CD. */
function waveOf(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d+$/.test(text.trim()) ? Number(text) : 0;
}
