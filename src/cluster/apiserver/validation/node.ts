// Nodes. Follows ValidateNode and ValidateNodeUpdate of pkg/apis/core/validation.
import type { Node, NodeStatus, ResourceList, Taint } from '#api/core/v1';
import { goKindOf } from '../../../apimachinery/json/go-kind.ts';
import { JsonSyntaxError, parseJson } from '../../../apimachinery/json/parse.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import {
  duplicate,
  forbidden,
  internalError,
  invalid,
  notSupported,
  Path,
  required,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isIPv6Address, isValidCIDR } from '../../../apimachinery/validation/ip.ts';
import { isQualifiedName, isValidLabelValue, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual, validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { checkQuantityValue } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const TAINTS = METADATA.child('taints');
const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const AVOID_PODS = 'scheduler.alpha.kubernetes.io/preferAvoidPods';

export function validateNode({ metadata, spec, status = {} }: Node): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  checkAvoidPods(metadata.annotations?.[AVOID_PODS], errors);
  checkTaints(spec.taints ?? [], TAINTS, errors);
  checkAmounts(status, errors);
  checkPodCIDRs(spec.podCIDRs ?? [], errors);
  checkDeclaredFeatures(status.declaredFeatures ?? [], errors);
  checkSwap(status, errors);
  return errors;
}

function checkSwap({ nodeInfo }: NodeStatus, errors: FieldError[]): void {
  const capacity = nodeInfo?.swap?.capacity;
  if (capacity !== undefined && capacity <= 0)
    errors.push(invalid(METADATA.child('nodeSwapStatus', 'capacity'), capacity, 'must be greater than zero'));
}

function checkAvoidPods(text: string | undefined, errors: FieldError[]): void {
  if (!text) return;
  const at = METADATA.child('annotations');
  const refuse = (why: string): number => errors.push(invalid(at.child('AvoidPods'), AVOID_PODS, why));
  try {
    const { value } = parseJson(text);
    if (value !== null && goKindOf(value) !== 'object')
      refuse(`json: cannot unmarshal ${goKindOf(value)} into Go value of type v1.AvoidPods`);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    refuse(error.message);
  }
}

function checkTaints(taints: readonly Taint[], field: Path, errors: FieldError[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const { key, value = '', effect } = taint;
    const at = field.index(i);
    check(isQualifiedName, key, at.child('key'), errors);
    const wrong = isValidLabelValue(value);
    if (wrong.length) errors.push(invalid(at.child('value'), value, wrong.join(';')));
    if (!effect) errors.push(required(at.child('effect')));
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(at.child('effect'), effect, EFFECTS));
    const identity = `${effect}/${key}`;
    if (effect && seen.has(identity)) {
      const shown = duplicate(at, new PrintedInternal('core/v1.Taint', taint));
      errors.push({ ...shown, body: `${shown.body}: taints must be unique by key and effect pair` });
    }
    seen.add(identity);
  });
}

function checkAmounts({ capacity, allocatable }: NodeStatus, errors: FieldError[]): void {
  const checkList = (list: ResourceList | undefined, field: Path): void => {
    for (const [name, text] of Object.entries(list ?? {})) checkQuantityValue(name, text, field.child(name), errors);
  };
  checkList(capacity, STATUS.child('capacity'));
  checkList(allocatable, STATUS.child('allocatable'));
}

/** One, or one of each family. */
function checkPodCIDRs(cidrs: readonly string[], errors: FieldError[]): void {
  const at = SPEC.child('podCIDRs');
  cidrs.forEach((cidr, i) => check(isValidCIDR, cidr, at.index(i), errors));
  if (cidrs.length < 2) return;
  const bad = cidrs.findIndex((cidr) => isValidCIDR(cidr).length > 0);
  if (bad >= 0) {
    const why = `invalid CIDR[${bad}]: <nil> (invalid CIDR address: ${cidrs[bad]})`;
    errors.push(internalError(at, `invalid PodCIDRs. failed to check with dual stack with error:${why}`));
  }
  const isDualStack = bad < 0 && cidrs.some(isIPv6Address) && !cidrs.every(isIPv6Address);
  if (!isDualStack || cidrs.length > 2) errors.push(invalid(at, cidrs, 'may specify no more than one CIDR for each IP family'));
}

export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(node.metadata, old.metadata, METADATA);
  checkAvoidPods(node.metadata.annotations?.[AVOID_PODS], errors);
  const { spec, status = {} } = node;
  checkStatus(status, errors);
  checkTaints(spec.taints ?? [], TAINTS, errors);
  checkAmounts(status, errors);
  checkUnchanged(node, old, errors);
  return errors;
}

/** What is told once is never told otherwise. */
function checkUnchanged({ spec }: Node, { spec: old }: Node, errors: FieldError[]): void {
  const cidrs = spec.podCIDRs ?? [];
  const before = old.podCIDRs ?? [];
  if (before.length === 0) checkPodCIDRs(cidrs, errors);
  else if (!deepEqual(cidrs, before))
    errors.push(forbidden(SPEC.child('podCIDRs'), 'node updates may not change podCIDR except from "" to valid'));
  if (old.providerID && spec.providerID !== old.providerID)
    errors.push(forbidden(SPEC.child('providerID'), 'node updates may not change providerID except from "" to valid'));
  if (!semanticEqual(spec.configSource, old.configSource)) {
    // Kubernetes no longer has the feature, so it may only be taken away
    if (spec.configSource) errors.push(forbidden(SPEC.child('configSource'), 'configSource may not be set'));
  }
  if ((spec.externalID ?? '') !== (old.externalID ?? '')) errors.push(forbidden(SPEC.child('externalID'), 'may not be updated'));
}

const FEATURE_NAME = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z0-9]+)*$/;

function checkStatus(status: NodeStatus, errors: FieldError[]): void {
  const addresses = status.addresses ?? [];
  const seen = new Set<string>();
  addresses.forEach((address, i) => {
    const key = `${address.type} ${address.address}`;
    if (seen.has(key)) errors.push(duplicate(STATUS.child('addresses').index(i), address));
    seen.add(key);
  });
  checkDeclaredFeatures(status.declaredFeatures ?? [], errors);
}

function checkDeclaredFeatures(features: readonly string[], errors: FieldError[]): void {
  const at = STATUS.child('declaredFeatures');
  features.forEach((feature, i) => {
    if (i > 0 && feature < features[i - 1]!) errors.push(invalid(at.index(i), feature, 'list must be sorted alphabetically'));
    if (!FEATURE_NAME.test(feature)) {
      const form =
        "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
      errors.push(invalid(at.index(i), feature, `invalid feature name ${quote(feature)}: ${form}`));
    }
  });
}
