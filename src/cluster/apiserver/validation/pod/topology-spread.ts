// How pods are to be spread over zones, nodes and the like. Follows pkg/apis/core/validation.
import type { TopologySpreadConstraint } from '#api/core/v1';
import { duplicate, invalid, notSupported, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { checkOptionalEnum } from '../checks.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { validateLabelKeys } from './affinity.ts';
import type { PodValidationOptions } from './options.ts';

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const NODE_POLICIES = ['Honor', 'Ignore'];

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  constraints.forEach((constraint, i) => {
    const at = field.index(i);
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, matchLabelKeys, labelSelector } = constraint;
    if (maxSkew <= 0) errors.push(invalid(at.child('maxSkew'), maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(at.child('topologyKey'), 'can not be empty'));
    if (!ACTIONS.includes(whenUnsatisfiable)) errors.push(notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, ACTIONS));
    if (constraints.slice(i + 1).some((c) => c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable))
      errors.push(duplicate(at.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined) checkMinDomains(minDomains, whenUnsatisfiable, at.child('minDomains'), errors);
    checkOptionalEnum(constraint.nodeAffinityPolicy, NODE_POLICIES, at.child('nodeAffinityPolicy'), errors);
    checkOptionalEnum(constraint.nodeTaintsPolicy, NODE_POLICIES, at.child('nodeTaintsPolicy'), errors);
    validateLabelKeys('matchLabelKeys', matchLabelKeys, labelSelector, at, errors);
    if (!options.allowInvalidTopologySpreadConstraintLabelSelector)
      errors.push(...validateLabelSelector(labelSelector, at.child('labelSelector')));
  });
}

function checkMinDomains(minDomains: number, action: string, field: Path, errors: FieldError[]): void {
  if (minDomains <= 0) errors.push(invalid(field, minDomains, 'must be greater than zero'));
  if (action !== 'DoNotSchedule')
    errors.push(invalid(field, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`));
}
