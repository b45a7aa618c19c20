// Objects that people applied with kubectl before jibe came: what `kubectl apply` owns goes over to jibe, so that a field which the
// source no longer has goes away, as it would if kubectl applied it again. Only when jibe first applies an object: what people apply
// later is drift. Follows csaupgrade of k8s.io/client-go, and kubectl's three-way patch in what becomes of the fields.
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { goApplyType } from '../../apimachinery/apply/go-schema.ts';
import { DEDUCED } from '../../apimachinery/apply/apply-schema.ts';
import { appliedEntry } from '../../apimachinery/apply/extract.ts';
import { FieldSet, FieldSetBuilder } from '../../apimachinery/apply/field-set.ts';
import { decodeFieldsV1 } from '../../apimachinery/apply/fields-v1.ts';
import { LAST_APPLIED } from '../../apimachinery/apply/last-applied.ts';
import { removeItems } from '../../apimachinery/apply/remove-items.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { typeOfKind } from '../../apimachinery/schema/type-of-kind.ts';

/** As whom kubectl writes what it applies from the client's side. */
const CLIENT_SIDE_APPLY = 'kubectl-client-side-apply';

/** What kubectl applied and jibe has not taken over; undefined where there is nothing of that kind. */
function appliedByKubectl({ metadata }: KubernetesObject, manager: string): ManagedFieldsEntry | undefined {
  const entries = metadata.managedFields ?? [];
  if (metadata.annotations?.[LAST_APPLIED] === undefined || appliedEntry(entries, manager)) return undefined;
  return entries.find((entry) => entry.manager === CLIENT_SIDE_APPLY && entry.operation === 'Update' && !entry.subresource);
}

/** A merge patch that hands over to the manager what kubectl applied; undefined where it applied nothing. */
export function handOver(live: KubernetesObject, manager: string): { readonly metadata: object } | undefined {
  const theirs = appliedByKubectl(live, manager);
  if (!theirs) return undefined;
  return {
    metadata: {
      // somebody else may write meanwhile: then the patch is refused
      resourceVersion: live.metadata.resourceVersion,
      managedFields: live.metadata.managedFields!.map((entry) => (entry === theirs ? { ...entry, manager, operation: 'Apply' } : entry)),
    },
  };
}

/**
 * What a server would make of an apply after {@link handOver}, where it can only be asked what it makes of the apply alone.
 *
 * @param predicted its answer, with `managedFields`
 */
export function withoutHandedOver(predicted: KubernetesObject, live: KubernetesObject, manager: string): KubernetesObject {
  const theirs = appliedByKubectl(live, manager);
  if (!theirs) return predicted;
  const entries = (predicted.metadata.managedFields ?? []).filter(
    ({ manager: other, operation }) => other !== CLIENT_SIDE_APPLY || operation !== 'Update',
  );
  const owned = entries.reduce((all, { fieldsV1 }) => all.union(decodeFieldsV1(fieldsV1)), FieldSet.EMPTY);
  const gone = nobodys(decodeFieldsV1(theirs.fieldsV1), owned);
  const type = typeOfKind(predicted);
  const kept = removeItems(type ? goApplyType(type) : DEDUCED, predicted, gone) as KubernetesObject;
  return { ...kept, metadata: { ...kept.metadata, managedFields: entries } };
}

/** Of the fields, those that nobody owns, and nothing below them. */
function nobodys(fields: FieldSet, owned: FieldSet): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of fields.difference(owned).paths()) {
    let below: FieldSet | undefined = owned;
    for (const element of path) below = below?.entry(element)?.children;
    if (!below) builder.add(path);
  }
  return builder.build();
}
