// How CustomResourceDefinitions are written. Follows pkg/registry/customresourcedefinition and the defaults of apiextensions/v1.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import type { Mutable } from '../../../apimachinery/object.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { DraftOf, TypedStrategy } from '../generic/define.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionStatusUpdate,
  validateCustomResourceDefinitionUpdate,
} from '../validation/custom-resource-definition.ts';
import { withCondition } from './accept-names.ts';
import { isFormatOf } from './formats.ts';
import { asStructural, anySchema } from './structural-schema.ts';

/** Holds a definition back until its custom resources are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export function setCustomResourceDefinitionDefaults(crd: Mutable<CustomResourceDefinition>): void {
  const { spec } = crd;
  const { names } = spec;
  if (!names.singular && names.kind) names.singular = names.kind.toLowerCase();
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
  const stored = storageVersion(crd);
  if (crd.status && !crd.status.storedVersions?.length && stored !== undefined) crd.status.storedVersions = [stored];
}

const storageVersion = ({ spec }: { readonly spec: CustomResourceDefinition['spec'] }): string | undefined =>
  spec.versions?.find(({ storage }) => storage)?.name;

/** The storage version has been stored from now on. */
function recordStoredVersion(crd: DraftOf<CustomResourceDefinition>): void {
  const version = storageVersion(crd);
  const { storedVersions } = crd.status!;
  if (version !== undefined && !(storedVersions ?? []).includes(version))
    crd.status = { ...crd.status!, storedVersions: [...(storedVersions ?? []), version] };
}

const NO_STATUS = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null } as unknown as NonNullable<
  CustomResourceDefinition['status']
>;

/** Formats that mean nothing are kept. */
function unrecognizedFormats({ spec }: CustomResourceDefinition): Set<string> {
  const found = new Set<string>();
  for (const { schema } of spec.versions ?? [])
    if (schema?.openAPIV3Schema)
      anySchema(asStructural(schema.openAPIV3Schema), ({ format, type }) => {
        if (format && !isFormatOf(format, type)) found.add(format);
        return false;
      });
  return found;
}

const formatWarnings = (formats: readonly string[]): string[] => formats.map((format) => `unrecognized format ${quote(format)}`);

export const customResourceDefinitionStrategy: TypedStrategy<CustomResourceDefinition> = {
  resetFields: [['status']],
  prepareForCreate(crd) {
    crd.status = NO_STATUS;
    crd.metadata.generation = 1;
    recordStoredVersion(crd);
  },
  validate: validateCustomResourceDefinition,
  warningsOnCreate: (crd) => formatWarnings([...unrecognizedFormats(crd)]),
  prepareForUpdate(crd, old) {
    crd.status = old.status ?? NO_STATUS;
    if (!semanticEqual(crd.spec, old.spec)) crd.metadata.generation = (old.metadata.generation ?? 0) + 1;
    recordStoredVersion(crd);
  },
  validateUpdate: validateCustomResourceDefinitionUpdate,
  warningsOnUpdate(crd, old) {
    const known = unrecognizedFormats(old);
    return formatWarnings([...unrecognizedFormats(crd)].filter((format) => !known.has(format)));
  },
  // a definition never goes at once: it is marked, and its custom resources go first
  heldBack: ({ metadata }) => !metadata.deletionTimestamp,
  terminate(crd) {
    const { finalizers = [], deletionTimestamp } = crd.metadata;
    if (crd.status?.conditions?.some(({ type }) => type === 'Terminating')) return;
    if (!finalizers.includes(CLEANUP_FINALIZER)) crd.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
    const condition = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    };
    const status = crd.status ?? NO_STATUS;
    crd.status = { ...status, conditions: withCondition(status.conditions, condition, deletionTimestamp ?? formatTime(0)) };
  },
};

export const customResourceDefinitionStatusStrategy: TypedStrategy<CustomResourceDefinition> = {
  resetFields: [['metadata'], ['spec']],
  prepareForUpdate(crd, old) {
    crd.spec = old.spec;
    for (const key of ['labels', 'annotations', 'ownerReferences', 'generation'] as const) {
      if (old.metadata[key] === undefined) delete crd.metadata[key];
      else Object.assign(crd.metadata, { [key]: old.metadata[key] });
    }
  },
  validateUpdate: validateCustomResourceDefinitionStatusUpdate,
};
