// What the validation of a pod spec may be lenient about: rules that came later than objects which break them. A stored object that
// breaks one may go on doing so. Follows pkg/api/pod.GetValidationOptionsFromPodSpecAndMeta.
import type { Affinity, NodeSelectorTerm, PodSpec } from '#api/core/v1';
import type { LabelSelector, ObjectMeta } from '#api/meta/v1';
import { parseQuantity } from '../../../../apimachinery/quantity.ts';
import { Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { isValidLabelValue } from '../../../../apimachinery/validation/names.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { checkNonReservedPath } from '../relative-path.ts';
import { isHugePageName } from '../resource-quantity.ts';
import { isPodDeletionCost, POD_DELETION_COST } from './annotations.ts';

export interface PodValidationOptions {
  /** The object is a pod, not a template. */
  readonly resourceIsPod: boolean;
  readonly allowInvalidPodDeletionCost?: boolean;
  readonly allowInvalidLabelValueInSelector?: boolean;
  readonly allowInvalidLabelValueInRequiredNodeAffinity?: boolean;
  readonly allowInvalidTopologySpreadConstraintLabelSelector?: boolean;
  readonly allowNonLocalProjectedTokenPath?: boolean;
  readonly allowIndivisibleHugePages?: boolean;
  /** Such as run once and end. */
  readonly allowRestartToResizeInitContainers?: boolean;
}

export const POD_OPTIONS: PodValidationOptions = { resourceIsPod: true };
export const TEMPLATE_OPTIONS: PodValidationOptions = { resourceIsPod: false };

/** @param old the spec as it is stored */
export function optionsFrom(base: PodValidationOptions, old: PodSpec | undefined, meta: ObjectMeta | undefined): PodValidationOptions {
  if (!old) return base;
  const cost = meta?.annotations?.[POD_DELETION_COST];
  const options: PodValidationOptions = {
    ...base,
    allowInvalidPodDeletionCost: cost !== undefined && !isPodDeletionCost(cost),
    allowInvalidLabelValueInSelector: old.affinity !== undefined && hasInvalidSelector(old.affinity),
    allowInvalidLabelValueInRequiredNodeAffinity: hasInvalidTerm(
      old.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    ),
    allowInvalidTopologySpreadConstraintLabelSelector: (old.topologySpreadConstraints ?? []).some((c) => isInvalid(c.labelSelector)),
    allowNonLocalProjectedTokenPath: hasNonLocalTokenPath(old),
    allowIndivisibleHugePages: hasIndivisibleHugePages(old),
    allowRestartToResizeInitContainers: (old.initContainers ?? []).some(
      ({ restartPolicy, resizePolicy }) => restartPolicy !== 'Always' && resizePolicy?.some((p) => p.restartPolicy === 'RestartContainer'),
    ),
  };
  return Object.values(options).filter(Boolean).length > (base.resourceIsPod ? 1 : 0) ? options : base;
}

const SOMEWHERE = Path.of('spec');

const isInvalid = (selector: LabelSelector | undefined): boolean => validateLabelSelector(selector, SOMEWHERE).length > 0;

function hasInvalidSelector({ podAffinity, podAntiAffinity }: Affinity): boolean {
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const terms = [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((t) => t.podAffinityTerm),
    ];
    return terms.some((t) => isInvalid(t.labelSelector));
  });
}

const hasInvalidTerm = (terms: readonly NodeSelectorTerm[] | undefined): boolean =>
  (terms ?? []).some((term) => term.matchExpressions?.some((e) => e.values?.some((v) => isValidLabelValue(v).length > 0)));

function hasNonLocalTokenPath({ volumes = [] }: PodSpec): boolean {
  const errors: FieldError[] = [];
  for (const { projected } of volumes)
    for (const { serviceAccountToken } of projected?.sources ?? [])
      if (serviceAccountToken) checkNonReservedPath(serviceAccountToken.path, SOMEWHERE, errors);
  return errors.length > 0;
}

function hasIndivisibleHugePages({ containers, initContainers = [] }: PodSpec): boolean {
  return [...containers, ...initContainers].some(({ resources }) =>
    [resources?.limits, resources?.requests].some((list) =>
      Object.entries(list ?? {}).some(([name, amount]) => isHugePageName(name) && !isMultipleOfPage(name, amount)),
    ),
  );
}

/** `hugepages-2Mi: 3Mi` is one and a half pages. */
export function isMultipleOfPage(name: string, amount: string): boolean {
  const page = hugePageSize(name);
  const { unscaled, exponent } = parseQuantity(amount);
  if (page === undefined || page === 0n || exponent < 0) return page !== 0n && unscaled % 10n ** BigInt(-exponent) === 0n;
  return (unscaled * 10n ** BigInt(exponent)) % page === 0n;
}

function hugePageSize(name: string): bigint | undefined {
  try {
    const { unscaled, exponent } = parseQuantity(name.slice('hugepages-'.length));
    return exponent < 0 ? undefined : unscaled * 10n ** BigInt(exponent);
  } catch {
    return undefined;
  }
}
