// What the status subresource of most kinds has in common: everything but the status stays as it is. And the other way round: what
// is written through the resource itself leaves the status alone.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import type { Draft, Strategy } from './resource-definition.ts';

/** Takes over a field from the stored object, or its absence. */
export function keep(object: object, old: object, field: string): void {
  const draft = object as Record<string, unknown>;
  const stored = (old as Readonly<Record<string, unknown>>)[field];
  if (stored === undefined) delete draft[field];
  else draft[field] = stored;
}

/** Takes over labels as they are stored: most kinds do not let their status endpoint change them. */
export function keepLabels(object: Draft, old: KubernetesObject): void {
  if (old.metadata.labels === undefined) delete object.metadata.labels;
  else object.metadata.labels = old.metadata.labels;
}

const CLIENT_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'generation'] as const;

/** Takes over all metadata that clients set, as it is stored: a few kinds let their status endpoint change none of it. */
export function keepMetadata(object: { readonly metadata: object }, old: { readonly metadata: object }): void {
  for (const name of CLIENT_METADATA) keep(object.metadata, old.metadata, name);
}

/** Status, and metadata but for labels. */
export const statusStrategy: Strategy = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate(object, old) {
    keep(object, old, 'spec');
    keepLabels(object, old);
  },
};
