// What holds for all objects of an app, beside what each says of itself: sync options, differences that are nobody's business, and the
// namespace that is made for it.

export interface IgnoreDifference {
  /** A star stands for all. */
  readonly group: string;
  readonly kind: string;
  /** Empty for all. */
  readonly name: string;
  readonly namespace: string;
  readonly jsonPointers: readonly string[];
  readonly jqPathExpressions: readonly string[];
  readonly managedFieldsManagers: readonly string[];
}

export interface SyncPolicy {
  /** As in the annotation argocd.argoproj.io/sync-options, of which they are the default: `PruneLast=true`. */
  readonly options: readonly string[];
  readonly ignoreDifferences: readonly IgnoreDifference[];
  /** When what the source has no longer is deleted: wave by wave as Argo CD does, or once all else is applied. */
  readonly prunes: 'in waves' | 'last';
  /** The app itself is deleted, and not only some of its objects. */
  readonly deletes?: true;
  /** For the namespace that CreateNamespace makes. */
  readonly namespaceMetadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };
}

export const NO_POLICY: SyncPolicy = {
  options: [],
  ignoreDifferences: [],
  prunes: 'last',
  namespaceMetadata: { labels: {}, annotations: {} },
};
