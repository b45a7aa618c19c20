// The options of a request (dryRun, fieldManager, propagationPolicy ...). Follows apis/meta/v1/validation and
// apis/meta/internalversion/validation of k8s.io/apimachinery.
import { invalidError, type StatusError } from '../../../apimachinery/status-error.ts';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { PatchType, RequestOptions } from '../../../apimachinery/api-request.ts';
import { validateFieldManager } from './object-meta.ts';

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions';

const refuse = (kind: OptionsKind, errors: readonly FieldError[]): StatusError => invalidError({ group: 'meta.k8s.io', kind }, '', errors);

/** Throws a StatusError where the options of a create or update are not valid. */
export function checkWriteOptions(kind: 'CreateOptions' | 'UpdateOptions', options: RequestOptions): void {
  const errors = common(options);
  if (errors.length) throw refuse(kind, errors);
}

export function checkPatchOptions(options: RequestOptions, patchType: PatchType): void {
  const errors: FieldError[] = [];
  if (patchType === 'apply') {
    if (!options.fieldManager) errors.push(required(Path.of('fieldManager'), 'is required for apply patch'));
  } else if (options.force !== undefined) errors.push(forbidden(Path.of('force'), 'may not be specified for non-apply patch'));
  errors.push(...common(options));
  if (errors.length) throw refuse('PatchOptions', errors);
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

export function checkDeleteOptions(options: RequestOptions): void {
  const errors: FieldError[] = [];
  const { propagationPolicy: policy } = options;
  const at = Path.of('propagationPolicy');
  if (options.orphanDependents !== undefined && policy !== undefined)
    errors.push(invalid(at, policy, 'orphanDependents and deletionPropagation cannot be both set'));
  if (policy !== undefined && !POLICIES.includes(policy)) errors.push(notSupported(at, policy, [...POLICIES, 'nil']));
  dryRun(options, errors);
  if (errors.length) throw refuse('DeleteOptions', errors);
}

function common(options: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  validateFieldManager(options.fieldManager ?? '', Path.of('fieldManager'), errors);
  dryRun(options, errors);
  const { fieldValidation = '' } = options;
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation))
    errors.push(notSupported(Path.of('fieldValidation'), fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  return errors;
}

function dryRun(options: RequestOptions, errors: FieldError[]): void {
  if (options.dryRun?.some((v) => v !== 'All')) errors.push(notSupported(Path.of('dryRun'), options.dryRun, ['All']));
}

/** Whether the request must leave no trace. */
export const isDryRun = (options: RequestOptions): boolean => (options.dryRun?.length ?? 0) > 0;

/** What lists and watches may ask for together. */
export function checkListOptions(options: RequestOptions, watch: boolean): void {
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length) throw refuse('ListOptions', errors);
}

function watchErrors({ resourceVersionMatch: match, sendInitialEvents, continue: token }: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = Path.of('resourceVersionMatch');
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(forbidden(at, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (!match) return errors;
  if (sendInitialEvents === undefined)
    errors.push(forbidden(at, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  if (match !== 'NotOlderThan') errors.push(notSupported(at, match, ['NotOlderThan']));
  if (token) errors.push(forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
  return errors;
}

function listErrors({ resourceVersionMatch: match, resourceVersion, sendInitialEvents, continue: token }: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = Path.of('resourceVersionMatch');
  if (match) {
    if (!resourceVersion) errors.push(forbidden(at, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token) errors.push(forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(at, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0')
      errors.push(forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined) errors.push(forbidden(Path.of('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  return errors;
}
