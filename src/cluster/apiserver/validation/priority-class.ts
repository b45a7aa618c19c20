// PriorityClasses. Follows pkg/apis/scheduling/validation.
import type { PriorityClass } from '#api/scheduling/v1';
import { forbidden, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkEnum } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';

const METADATA = Path.of('metadata');
const POLICIES = ['PreemptLowerPriority', 'Never'];
const HIGHEST_OF_USERS = 1_000_000_000;
const SYSTEM_VALUES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

export function validatePriorityClass(one: PriorityClass): FieldError[] {
  const errors = validateCoreObjectMeta(one.metadata, false, nameIsDNSSubdomain, METADATA);
  const { metadata, value, preemptionPolicy } = one;
  if (metadata.name?.startsWith('system-')) {
    const wrong = systemFault(one);
    if (wrong)
      errors.push(
        forbidden(METADATA.child('name'), `priority class names with 'system-' prefix are reserved for system use only. error: ${wrong}`),
      );
  } else if (value > HIGHEST_OF_USERS)
    errors.push(forbidden(Path.of('value'), `maximum allowed value of a user defined priority is ${HIGHEST_OF_USERS}`));
  checkEnum(preemptionPolicy, POLICIES, Path.of('preemptionPolicy'), errors);
  return errors;
}

function systemFault({ metadata: { name }, value, globalDefault }: PriorityClass): string | undefined {
  const known = SYSTEM_VALUES.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(one: PriorityClass, old: PriorityClass): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA);
  if ((one.value ?? 0) !== (old.value ?? 0)) errors.push(forbidden(Path.of('value'), 'may not be changed in an update.'));
  errors.push(...validateImmutable(one.preemptionPolicy ?? null, old.preemptionPolicy ?? null, Path.of('preemptionPolicy')));
  return errors;
}
