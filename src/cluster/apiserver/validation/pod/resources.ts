// What containers, and pods as a whole, request and are limited to. Follows pkg/apis/core/validation.
import type { PodResourceClaim, PodSpec, ResourceClaim, ResourceList, ResourceRequirements } from '#api/core/v1';
import { compareQuantities, parseQuantity } from '../../../../apimachinery/quantity.ts';
import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  required,
  type FieldError,
  type Path,
} from '../../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../../../apimachinery/validation/names.ts';
import { aggregateContainerLimits, aggregateContainerRequests } from '../../pod/aggregate-resources.ts';
import { check } from '../checks.ts';
import { PrintedInternal } from '../internal-form.ts';
import {
  checkContainerResourceName,
  checkPodResourceName,
  checkQuantityValue,
  isHugePageName,
  isOvercommitAllowed,
} from '../resource-quantity.ts';
import { isMultipleOfPage, type PodValidationOptions } from './options.ts';

type NameRule = (name: string, field: Path, errors: FieldError[]) => void;

/** Names of the pod's claims, sorted. */
export type ClaimNames = readonly string[];

export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  claims: ClaimNames,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  if (!resources) return;
  validateRequirements(resources, checkContainerResourceName, field, errors, options);
  if (resources.claims) validateClaimRefs(resources.claims, claims, field.child('claims'), errors);
}

const isComputeResource = (name: string): boolean => name === 'cpu' || name === 'memory';

function validateRequirements(
  { limits, requests }: ResourceRequirements,
  nameRule: NameRule,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  let compute = false;
  let hugePages = false;
  const checkEach = (list: ResourceList | undefined, child: string, more?: (name: string, amount: string) => void): void => {
    for (const name in list) {
      const amount = list[name]!;
      const at = field.child(child).key(name);
      nameRule(name, at, errors);
      checkQuantityValue(name, amount, at, errors);
      more?.(name, amount);
      if (isHugePageName(name)) {
        hugePages = true;
        checkPages(name, amount, at, errors, options);
      } else if (isComputeResource(name)) compute = true;
    }
  };
  checkEach(limits, 'limits');
  checkEach(requests, 'requests', (name, amount) => checkRequest(name, amount, limits?.[name], field, errors));
  if (hugePages && !compute) errors.push(forbidden(field, 'HugePages require cpu or memory'));
}

function checkPages(name: string, amount: string, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  if (options.allowIndivisibleHugePages || isMultipleOfPage(name, amount)) return;
  const size = name.slice('hugepages-'.length);
  const shown = parseQuantity(amount).text;
  errors.push(invalid(field, shown, `${shown} is not positive integer multiple of ${size}`));
}

function checkRequest(name: string, amount: string, limit: string | undefined, field: Path, errors: FieldError[]): void {
  if (limit === undefined) {
    if (!isOvercommitAllowed(name)) errors.push(required(field.child('limits'), 'Limit must be set for non overcommitable resources'));
    return;
  }
  const order = compareQuantities(parseQuantity(amount), parseQuantity(limit));
  const of = `to ${name} limit of ${parseQuantity(limit).text}`;
  if (order !== 0 && !isOvercommitAllowed(name)) errors.push(invalid(field.child('requests'), amount, `must be equal ${of}`));
  else if (order > 0) errors.push(invalid(field.child('requests'), amount, `must be less than or equal ${of}`));
}

function validateClaimRefs(refs: readonly ResourceClaim[], claims: ClaimNames, field: Path, errors: FieldError[]): void {
  const seen = new Set<string>();
  refs.forEach(({ name, request }, i) => {
    const at = field.index(i);
    if (!name) errors.push(required(at));
    else {
      const key = request ? `${name}/${request}` : name;
      if (seen.has(key) || (request && seen.has(name))) errors.push(duplicate(at, key));
      seen.add(key);
      if (!claims.includes(name)) {
        const which = claims.length ? `: ${claims.join(', ')}` : ' which is empty';
        errors.push(notFound(at, name, `must be one of the names in pod.spec.resourceClaims${which}`));
      }
    }
    if (request) check(isDNS1123Label, request, at.child('request'), errors);
  });
}

export function validateResourceClaims(claims: readonly PodResourceClaim[], field: Path, errors: FieldError[]): void {
  const names = new Set<string>();
  claims.forEach((claim, i) => {
    const at = field.index(i);
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (!name) errors.push(required(at.child('name')));
    else if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    else {
      check(isDNS1123Label, name, at.child('name'), errors);
      names.add(name);
    }
    const shown = (): PrintedInternal => new PrintedInternal('core/v1.PodResourceClaim', claim);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(invalid(at, shown(), 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalid(at, shown(), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (resourceClaimName !== undefined) check(isDNS1123Subdomain, resourceClaimName, at.child('resourceClaimName'), errors);
    if (resourceClaimTemplateName !== undefined)
      check(isDNS1123Subdomain, resourceClaimTemplateName, at.child('resourceClaimTemplateName'), errors);
  });
}

export const claimNamesOf = (claims: readonly PodResourceClaim[] | undefined): ClaimNames =>
  claims ? [...new Set(claims.map((c) => c.name).filter(Boolean))].sort() : [];

/** Of the pod as a whole: no less than its containers request together, and no container is limited to more. */
export function validatePodResources(spec: PodSpec, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  const { resources } = spec;
  if (!resources) return;
  if (spec.os?.name === 'windows') {
    errors.push(forbidden(field, 'may not be set for a windows pod'));
    return;
  }
  if (resources.claims) errors.push(forbidden(field.child('claims'), 'claims may not be set for Resources at pod-level'));
  validateRequirements(resources, checkPodResourceName, field, errors, options);
  checkCovers('requests', resources.requests, aggregateContainerRequests(spec), field, errors);
  // of huge pages there are no more than are limited to
  const pages = Object.entries(aggregateContainerLimits(spec)).filter(([name]) => isHugePageName(name));
  checkCovers('limits', resources.limits, Object.fromEntries(pages), field, errors);
  (spec.containers ?? []).forEach((container, i) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = resources.limits?.[name];
      if (own !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(own)) > 0)
        errors.push(
          invalid(
            field.child('containers').index(i).key(name).child('limits'),
            limit,
            `must be less than or equal to pod limits of ${parseQuantity(own).text}`,
          ),
        );
    }
  });
}

/** @param needs of the containers together; those that the pod says nothing of are as they are */
function checkCovers(
  child: 'requests' | 'limits',
  own: ResourceList | undefined,
  needs: ResourceList,
  field: Path,
  errors: FieldError[],
): void {
  for (const name of Object.keys(needs).sort()) {
    const amount = own?.[name];
    if (amount === undefined || compareQuantities(parseQuantity(needs[name]!), parseQuantity(amount)) <= 0) continue;
    const shown = parseQuantity(amount).text;
    errors.push(
      invalid(field.child(child).key(name), shown, `must be greater than or equal to aggregate container ${child} of ${needs[name]}`),
    );
  }
}

/** What a runtime class adds to a pod. */
export function validateOverhead(overhead: ResourceList, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  validateRequirements({ limits: overhead }, checkContainerResourceName, field, errors, options);
}
