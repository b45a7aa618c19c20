// How a Stage changes finalizers: as the operations of a JSON patch. Follows kwok's pkg/utils/lifecycle/finalizers.go.

interface FinalizersChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly empty: boolean;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: string | readonly string[];
}

const PATH = '/metadata/finalizers';

/** @param finalizers those that the object has */
export function finalizersPatch(finalizers: readonly string[], { add, remove, empty }: FinalizersChange): readonly JsonPatchOperation[] {
  const kept = empty ? [] : finalizers.filter((finalizer) => !remove.includes(finalizer));
  const gone: JsonPatchOperation[] =
    kept.length === 0
      ? finalizers.length === 0
        ? []
        : [{ op: 'remove', path: PATH }]
      : finalizers
          .flatMap((finalizer, i) => (remove.includes(finalizer) ? [{ op: 'remove' as const, path: `${PATH}/${i}` }] : []))
          .reverse();
  const added = add.filter((finalizer) => !kept.includes(finalizer));
  if (added.length === 0) return gone;
  if (kept.length === 0) return [...gone, { op: 'add', path: PATH, value: added }];
  return [...gone, ...added.map((value): JsonPatchOperation => ({ op: 'add', path: `${PATH}/-`, value }))];
}
