// What manifests say about their own synchronisation, in the annotations of Argo CD, Flux, Helm and kapp. Read as Argo CD's gitops-engine reads
// them; order between single objects (kapp, cli-utils) is in change-rules.ts.
import type { ObjectMeta } from '#api/meta/v1';

export type Phase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail' | 'PostDelete' | 'Skip';
export type HookDeletePolicy = 'BeforeHookCreation' | 'HookSucceeded' | 'HookFailed';
export type Propagation = 'Foreground' | 'Background' | 'Orphan';

export interface SyncAnnotations {
  /** A hook's phases; empty for a plain object. */
  readonly hooks: readonly Phase[];
  readonly deletePolicies: readonly HookDeletePolicy[];
  readonly wave: number;
  /** Never deleted by a sync. */
  readonly keep: boolean;
  /** Deleted only where a person says so. */
  readonly confirm: boolean;
  /** Deleted once all else is applied, not in the wave that mirrors its own. */
  readonly pruneLast: boolean;
  /** How what it owns goes with it. */
  readonly propagation: Propagation;
  /** An immutable change makes the object anew. */
  readonly force: boolean;
  /** Written whole, in place of what is there, and not applied. */
  readonly replace: boolean;
  /** Made where it is missing, and never changed. */
  readonly onlyCreate: boolean;
  /** Its kind may be missing until something else of the sync brings it. */
  readonly mayLackKind: boolean;
  /** Left as it is: neither written nor pruned. */
  readonly ignored: boolean;
  /** Made by others, and waited for until it is there. */
  readonly awaited: boolean;
  /** A change makes the object anew, whatever it changes. */
  readonly recreate: boolean;
  /** That it is in the cluster and not in the source is nobody's concern. */
  readonly ignoreExtraneous: boolean;
}

const HELM_PHASES: Readonly<Record<string, Phase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
  'post-delete': 'PostDelete',
};
const HELM_POLICIES: Readonly<Record<string, HookDeletePolicy>> = {
  'before-hook-creation': 'BeforeHookCreation',
  'hook-succeeded': 'HookSucceeded',
  'hook-failed': 'HookFailed',
};
const PHASES: readonly string[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'PostDelete'];
const POLICIES: readonly string[] = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'];
const PROPAGATIONS: Readonly<Record<string, Propagation>> = { foreground: 'Foreground', background: 'Background', orphan: 'Orphan' };

const FLUX = 'kustomize.toolkit.fluxcd.io';

const words = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

/** @param defaults options of the app as a whole, as in argocd.argoproj.io/sync-options */
export function readSyncAnnotations(
  { annotations = {}, labels = {} }: Pick<ObjectMeta, 'annotations' | 'labels'>,
  defaults: readonly string[] = [],
): SyncAnnotations {
  const options = new Map([...defaults, ...words(annotations['argocd.argoproj.io/sync-options'])].map(splitOption));
  const flux = (name: string): string => (annotations[`${FLUX}/${name}`] ?? labels[`${FLUX}/${name}`] ?? '').toLowerCase();
  const kapp = (name: string): string | undefined => annotations[`kapp.k14s.io/${name}`];
  const policies = [
    ...words(annotations['argocd.argoproj.io/hook-delete-policy']).filter((word) => POLICIES.includes(word)),
    ...words(annotations['helm.sh/hook-delete-policy']).flatMap((word) => HELM_POLICIES[word] ?? []),
  ] as HookDeletePolicy[];
  return {
    hooks: hooksOf(annotations),
    // as Argo CD and Helm do where nothing is said
    deletePolicies: policies.length ? [...new Set(policies)] : ['BeforeHookCreation'],
    wave: waveOf(annotations['argocd.argoproj.io/sync-wave']) ?? waveOf(annotations['helm.sh/hook-weight']) ?? 0,
    keep:
      options.get('Prune') === 'false' ||
      flux('prune') === 'disabled' ||
      annotations['helm.sh/resource-policy'] === 'keep' ||
      kapp('delete-strategy') === 'orphan',
    confirm: options.get('Prune') === 'confirm',
    pruneLast: options.get('PruneLast') === 'true',
    propagation: PROPAGATIONS[(options.get('PrunePropagationPolicy') ?? '').toLowerCase()] ?? 'Background',
    force: options.get('Force') === 'true' || flux('force') === 'enabled' || kapp('update-strategy') === 'fallback-on-replace',
    replace: options.get('Replace') === 'true',
    onlyCreate: flux('ssa') === 'ifnotpresent' || kapp('update-strategy') === 'skip',
    recreate: kapp('update-strategy') === 'always-replace',
    awaited: kapp('exists') !== undefined,
    mayLackKind: options.get('SkipDryRunOnMissingResource') === 'true',
    ignored: flux('reconcile') === 'disabled' || flux('ssa') === 'ignore' || kapp('noop') !== undefined || kapp('exists') !== undefined,
    // kapp forgets what it is to leave behind
    ignoreExtraneous:
      words(annotations['argocd.argoproj.io/compare-options']).includes('IgnoreExtraneous') || kapp('delete-strategy') === 'orphan',
  };
}

function splitOption(option: string): readonly [string, string] {
  const equals = option.indexOf('=');
  return equals < 0 ? [option, ''] : [option.slice(0, equals), option.slice(equals + 1)];
}

/** Argo CD's own go before Helm's. Hooks of other occasions (before deleting, rolling back, testing) are none of ours. */
function hooksOf(annotations: Readonly<Record<string, string>>): readonly Phase[] {
  const [argo, helm] = [annotations['argocd.argoproj.io/hook'], annotations['helm.sh/hook']];
  const own = words(argo).filter((word) => PHASES.includes(word)) as Phase[];
  if (own.length) return [...new Set(own)];
  if (words(argo).includes('Skip')) return ['Skip'];
  const helms = [...new Set(words(helm).flatMap((word) => HELM_PHASES[word] ?? []))];
  if (helms.length) return helms;
  // Helm once marked definitions so: they are plain objects
  const isHook = argo !== undefined || (helm !== undefined && helm !== 'crd-install');
  return isHook ? ['Skip'] : [];
}

/** Undefined for what is no number: it counts as not given, as in Argo CD. */
const waveOf = (text: string | undefined): number | undefined => (text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined);
