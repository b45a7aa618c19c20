// Namespaces: they hold back their own deletion until the namespace controller has emptied them. Follows
// pkg/registry/core/namespace.
import type { Namespace } from '#api/core/v1';
import { deepEqual } from '../../apimachinery/object.ts';
import { invalid, Path, type FieldError } from '../../apimachinery/validation/field-error.ts';
import { isQualifiedName, nameIsDNSLabel } from '../../apimachinery/validation/names.ts';
import type { DraftOf, TypedStrategy } from './generic/define.ts';
import { check } from './validation/checks.ts';
import { validateCoreFinalizer, validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './validation/object-meta.ts';

const METADATA = Path.of('metadata');
const FINALIZERS = Path.of('spec', 'finalizers');
const KUBERNETES = 'kubernetes';

function validateNamespace({ metadata, spec }: Namespace): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSLabel, METADATA);
  for (const finalizer of spec?.finalizers ?? []) {
    check(isQualifiedName, finalizer, FINALIZERS, errors);
    errors.push(...validateCoreFinalizer(finalizer, FINALIZERS));
  }
  return errors;
}

const validateMetaUpdate = (namespace: Namespace, old: Namespace): FieldError[] =>
  validateCoreObjectMetaUpdate(namespace.metadata, old.metadata, METADATA);

export const namespaceStrategy: TypedStrategy<Namespace> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = { ...namespace.spec, finalizers: finalizers.includes(KUBERNETES) ? finalizers : [...finalizers, KUBERNETES] };
  },
  prepareForUpdate(namespace, old) {
    namespace.spec = { ...namespace.spec, ...finalizersOf(old) };
    keepStatus(namespace, old);
  },
  validate: validateNamespace,
  validateUpdate: (namespace, old) => [...validateNamespace(namespace), ...validateMetaUpdate(namespace, old)],
  // the name may have been generated since the defaults were set
  canonicalize(namespace) {
    const { name = '', labels } = namespace.metadata;
    if (labels?.[NAME_LABEL] !== name) namespace.metadata.labels = { ...labels, [NAME_LABEL]: name };
  },
  heldBack: ({ spec }) => (spec?.finalizers?.length ?? 0) > 0,
  terminate(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
};

const NAME_LABEL = 'kubernetes.io/metadata.name';

const finalizersOf = ({ spec }: Namespace): Pick<Namespace['spec'], 'finalizers'> =>
  spec?.finalizers ? { finalizers: spec.finalizers } : {};

function keepStatus(namespace: DraftOf<Namespace>, old: Namespace): void {
  if (old.status === undefined) delete namespace.status;
  else namespace.status = old.status;
}

export const namespaceStatusStrategy: TypedStrategy<Namespace> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate(namespace, old) {
    namespace.spec = old.spec;
  },
  validateUpdate(namespace, old) {
    const errors = validateMetaUpdate(namespace, old);
    const phase = namespace.status?.phase;
    const at = Path.of('status', 'Phase');
    if (namespace.metadata.deletionTimestamp) {
      if (phase !== 'Terminating') errors.push(invalid(at, phase ?? '', "may only be 'Terminating' if `deletionTimestamp` is not empty"));
    } else if (phase !== 'Active') errors.push(invalid(at, phase ?? '', "may only be 'Active' if `deletionTimestamp` is empty"));
    return errors;
  },
};

/** Only the finalizers of the spec are written. */
export const namespaceFinalizeStrategy: TypedStrategy<Namespace> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForUpdate: keepStatus,
  validateUpdate(namespace, old) {
    const errors = validateMetaUpdate(namespace, old);
    if (!deepEqual(namespace.spec?.finalizers, old.spec?.finalizers))
      (namespace.spec?.finalizers ?? []).forEach((finalizer, i) =>
        errors.push(...validateCoreFinalizer(finalizer, Path.of('spec', 'finalizers').index(i))),
      );
    return errors;
  },
};
