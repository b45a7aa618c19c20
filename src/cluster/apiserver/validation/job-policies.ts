// When a Job has failed and when it has succeeded, where that is not simply a matter of counting. Follows pkg/apis/batch/validation.
import type { JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule } from '#api/batch/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import {
  duplicate,
  invalid,
  notSupported,
  OMIT_VALUE,
  required,
  tooLong,
  tooMany,
  type FieldError,
  type Path,
} from '../../../apimachinery/validation/field-error.ts';
import { byteLength } from '../../../apimachinery/validation/names.ts';
import { checkNonnegative, checkQualifiedName } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEXES_BYTES = 64 * 1024;

const oneOf = (values: readonly string[]): string => `valid values: [${values.map(quote).join(' ')}]`;

function checkChoice(value: string, supported: readonly string[], field: Path, errors: FieldError[]): void {
  if (!value) errors.push(required(field, oneOf(supported)));
  else if (!supported.includes(value)) errors.push(notSupported(field, value, supported));
}

export function validatePodFailurePolicy(spec: JobSpec, field: Path, errors: FieldError[]): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = field.child('rules');
  if (rules.length > MAX_RULES) errors.push(tooMany(at, rules.length, MAX_RULES));
  rules.forEach((rule, i) => validateFailureRule(rule, spec, at.index(i), errors));
}

function validateFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, field: Path, errors: FieldError[]): void {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalid(field.child('action'), action, 'requires the backoffLimitPerIndex to be set'));
  else checkChoice(action, ACTIONS, field.child('action'), errors);
  if (onExitCodes) validateExitCodes(onExitCodes, spec, field.child('onExitCodes'), errors);
  const at = field.child('onPodConditions');
  if (onPodConditions.length > MAX_PATTERNS) errors.push(tooMany(at, onPodConditions.length, MAX_PATTERNS));
  onPodConditions.forEach(({ type, status }, i) => {
    checkQualifiedName(type, at.index(i).child('type'), errors);
    checkChoice(status ?? '', STATUSES, at.index(i).child('status'), errors);
  });
  if (onExitCodes && onPodConditions.length)
    errors.push(invalid(field, OMIT_VALUE, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && !onPodConditions.length)
    errors.push(invalid(field, OMIT_VALUE, 'specifying one of OnExitCodes and OnPodConditions is required'));
}

function validateExitCodes(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  { template }: JobSpec,
  field: Path,
  errors: FieldError[],
): void {
  const { operator, containerName, values } = requirement;
  checkChoice(operator, OPERATORS, field.child('operator'), errors);
  if (containerName !== undefined) {
    const { containers = [], initContainers = [] } = template.spec ?? {};
    if (![...(containers ?? []), ...initContainers].some((c) => c.name === containerName))
      errors.push(
        invalid(field.child('containerName'), containerName, 'must be one of the container or initContainer names in the pod template'),
      );
  }
  const at = field.child('values');
  if (!values?.length) {
    errors.push(invalid(at, values ?? null, 'at least one value is required'));
    return;
  }
  if (values.length > MAX_EXIT_CODES) errors.push(tooMany(at, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  values.forEach((value, i) => {
    if (operator === 'In' && value === 0) errors.push(invalid(at.index(i), value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(at.index(i), value));
    seen.add(value);
  });
  if (values.some((value, i) => i > 0 && values[i - 1]! > value)) errors.push(invalid(at, values, 'must be ordered'));
}

export function validateSuccessPolicy(spec: JobSpec, field: Path, errors: FieldError[]): void {
  const { successPolicy, completionMode } = spec;
  if (completionMode !== 'Indexed') {
    errors.push(invalid(field, new PrintedInternal('batch/v1.SuccessPolicy', successPolicy), 'requires indexed completion mode'));
    return;
  }
  const rules = successPolicy?.rules ?? [];
  const at = field.child('rules');
  if (rules.length === 0) errors.push(required(at, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > MAX_RULES) errors.push(tooMany(at, rules.length, MAX_RULES));
  // Kubernetes panics on a template without completions: their absence has been refused already
  rules.forEach((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, at.index(i), errors));
}

function validateSuccessRule(
  { succeededIndexes, succeededCount }: SuccessPolicyRule,
  completions: number,
  field: Path,
  errors: FieldError[],
): void {
  if (succeededIndexes === undefined && succeededCount === undefined)
    errors.push(required(field, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (succeededIndexes !== undefined) {
    const at = field.child('succeededIndexes');
    if (byteLength(succeededIndexes) > MAX_INDEXES_BYTES) errors.push(tooLong(at, MAX_INDEXES_BYTES));
    const counted = countIndexes(succeededIndexes, completions);
    if (typeof counted === 'number') total = counted;
    else errors.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${counted.fault}`));
  }
  if (succeededCount === undefined) return;
  const at = field.child('succeededCount');
  checkNonnegative(succeededCount, at, errors);
  const atMost = (limit: number, what: string): void => {
    if (succeededCount > limit) errors.push(invalid(at, succeededCount, `must be less than or equal to ${limit} (${what})`));
  };
  atMost(completions, 'the number of specified completions');
  if (succeededIndexes !== undefined) atMost(total, 'the number of indexes in the specified succeededIndexes field');
}

/** How many indexes `1,3-5,7` names, or what is wrong with it. */
function countIndexes(text: string, completions: number): number | { readonly fault: string } {
  if (text === '') return 0;
  let total = 0;
  let last: number | undefined;
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2)
      return {
        fault: `the fragment ${quote(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`,
      };
    const numbers: number[] = [];
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return { fault: `cannot convert string to integer for index: ${quote(limit)}` };
      if (Number(limit) >= completions) return { fault: `too large index: ${quote(limit)}` };
      numbers.push(Number(limit));
    }
    const [from = 0, to = from] = numbers;
    if (numbers.length === 2 && from >= to) return { fault: `non-increasing order, previous: ${from}, current: ${to}` };
    if (last !== undefined && last >= from) return { fault: `non-increasing order, previous: ${last}, current: ${from}` };
    total += to - from + 1;
    last = to;
  }
  return total;
}
