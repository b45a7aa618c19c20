// What the kinds that keep pods running have in common: replicas, selectors that match their templates, shares that may be percentages.
// Follows pkg/apis/apps/validation and pkg/apis/core/validation.
import type { PodTemplateSpec } from '#api/core/v1';
import type { LabelSelector as LabelSelectorSpec } from '#api/meta/v1';
import { LabelSelector, SelectorError } from '../../../apimachinery/label-selector.ts';
import { forbidden, invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isValidPercent } from '../../../apimachinery/validation/names.ts';
import { validateLabelSelector } from './label-selector.ts';

export type IntOrPercent = number | string;

/** @param kind as the message names it; empty selectors would take all pods there are */
export function validateWorkloadSelector(
  selector: LabelSelectorSpec | undefined,
  kind: string,
  field: Path,
  errors: FieldError[],
  allowInvalidLabelValue = false,
): void {
  if (!selector) {
    errors.push(required(field));
    return;
  }
  errors.push(...validateLabelSelector(selector, field, { allowInvalidLabelValue }));
  if (isEmptySelector(selector)) errors.push(invalid(field, selector, `empty selector is invalid for ${kind}`));
}

export const isEmptySelector = ({ matchExpressions, matchLabels }: LabelSelectorSpec): boolean =>
  !matchExpressions?.length && !Object.keys(matchLabels ?? {}).length;

/** The selector ready for use. One that cannot be used is told of, with this detail. */
export function usableSelector(
  selector: LabelSelectorSpec | undefined,
  detail: string,
  field: Path,
  errors: FieldError[],
): LabelSelector | undefined {
  try {
    return LabelSelector.fromSpec(selector);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    errors.push(invalid(field, selector, detail));
    return undefined;
  }
}

/** Pods made from the template would be the workload's own. @param field of the template */
export function checkSelectsTemplate(selector: LabelSelector, template: PodTemplateSpec, field: Path, errors: FieldError[]): void {
  const labels = template.metadata?.labels;
  if (!selector.empty && !selector.matches(labels))
    errors.push(invalid(field.child('metadata', 'labels'), labels ?? null, '`selector` does not match template `labels`'));
}

/** Its pods are to run for ever. @param kind as the message names it */
export function checkRunsForever({ spec }: PodTemplateSpec, kind: string, field: Path, errors: FieldError[]): void {
  const policy = spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(notSupported(field.child('spec', 'restartPolicy'), policy, ['Always']));
  if (spec?.activeDeadlineSeconds !== undefined)
    errors.push(forbidden(field.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`));
}

/** A number of pods, or a percentage of them. */
export function checkIntOrPercent(value: IntOrPercent | undefined, field: Path, errors: FieldError[]): void {
  if (typeof value === 'string') for (const wrong of isValidPercent(value)) errors.push(invalid(field, value, wrong));
  else if (value !== undefined && value < 0) errors.push(invalid(field, value, 'must be greater than or equal to 0'));
}

export function checkNotMoreThan100Percent(value: IntOrPercent | undefined, field: Path, errors: FieldError[]): void {
  const percent = percentOf(value);
  if (percent !== undefined && percent > 100) errors.push(invalid(field, value, 'must not be greater than 100%'));
}

/** Of a percentage: its number. */
const percentOf = (value: IntOrPercent | undefined): number | undefined =>
  typeof value === 'string' && isValidPercent(value).length === 0 ? Number(value.slice(0, -1)) : undefined;

/** The number, or that of the percentage. A text that is a bare number counts as such, though it is refused; any other as nothing. */
export const intOrPercentValue = (value: IntOrPercent | undefined): number =>
  typeof value === 'number' ? value : (percentOf(value) ?? (/^[+-]?\d+$/.test(value ?? '') ? Number(value) : 0));
