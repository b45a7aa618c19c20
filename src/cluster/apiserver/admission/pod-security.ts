// The labels by which a namespace says how much its pods may do. Follows the namespace part of k8s.io/pod-security-admission.
// DEVIATION: the levels themselves are not enforced; pods are admitted as under `privileged`.
import { invalidError } from '../../../apimachinery/status-error.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isAbout, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS = ['privileged', 'baseline', 'restricted'];
const LABELS = Path.of('metadata', 'labels');

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  operations: ['CREATE', 'UPDATE'],
  validate(attributes) {
    if (isAbout(attributes, '', 'namespaces')) checkLabels(attributes);
  },
};

function checkLabels({ object, old }: AdmissionAttributes): void {
  const errors = labelErrors(object?.metadata.labels);
  if (errors.length === 0) return;
  // what was wrong before may stay wrong
  if (old && JSON.stringify(labelErrors(old.metadata.labels)) === JSON.stringify(errors)) return;
  throw invalidError({ group: '', kind: 'Namespace' }, object?.metadata.name ?? '', errors);
}

function labelErrors(labels: Readonly<Record<string, string>> = {}): FieldError[] {
  const errors: FieldError[] = [];
  for (const mode of ['enforce', 'audit', 'warn']) {
    const level = labels[PREFIX + mode];
    if (level !== undefined && !LEVELS.includes(level))
      errors.push(invalid(LABELS.key(PREFIX + mode), level, `must be one of ${LEVELS.join(', ')}`));
    const version = labels[`${PREFIX}${mode}-version`];
    if (version !== undefined && !/^(?:latest|v1\.(?:0|[1-9]\d*))$/.test(version))
      errors.push(invalid(LABELS.key(`${PREFIX}${mode}-version`), version, 'must be "latest" or "v1.x"'));
  }
  return errors;
}
