// What calls cost when they are run. Follows CallCost of Kubernetes' CEL library (pkg/cel/library/cost.go of k8s.io/apiserver), the
// trackers of cel-go's list extensions, and the runtime costs of cel-go (interpreter/runtimecost.go).
import { ListValue, MapValue, OpaqueValue, sizeOf, type Value } from './values.ts';

/** Per character of a text that is walked through. */
export const STRING_FACTOR = 0.1;
/** Per character of a pattern that is applied to a text of unit cost. */
export const REGEX_FACTOR = 0.25;
/** So that an expression can ask only twice. */
export const AUTHORIZATION_COST = 350_000;

const ceil = Math.ceil;
const walk = (value: Value | undefined, times = 1): number => ceil(sizeOf(value ?? null) * times * STRING_FACTOR);

export function regexCost(textLength: number, patternLength: number): number {
  return ceil((1 + textLength) * STRING_FACTOR) * ceil(patternLength * REGEX_FACTOR);
}

/** What parsing a selector of that length costs. */
export const selectorCost = (length: number): number => 10 + ceil(length * STRING_FACTOR) + ceil(ceil(length * 0.5) * 50);

type Cost = (args: readonly Value[], result: Value, overload: string) => number;

const byName: Record<string, Cost> = {
  check: () => AUTHORIZATION_COST,
  replace: ([text]) => walk(text, 2),
  split: ([text]) => walk(text, 2),
  join: (_, result) => walk(result, 2),
  find: ([text, pattern]) => regexCost(sizeOf(text!), sizeOf(pattern!)),
  findAll: ([text, pattern]) => regexCost(sizeOf(text!), sizeOf(pattern!)),
  fieldSelector: ([, text]) => selectorCost(sizeOf(text!)),
  labelSelector: ([, text]) => selectorCost(sizeOf(text!)),
  ip: ([text], _, overload) => (overload === 'cidr_ip' ? 1 : walk(text)),
  'ip.isCanonical': ([text]) => walk(text, 2),
  containsIP: ([cidr, other], _, overload) => walk(cidr, 2) + (overload === 'cidr_contains_ip_string' ? walk(other) : 0),
  containsCIDR: ([cidr, other], _, overload) =>
    walk(cidr, 2) + walk(cidr) + 1 + (overload === 'cidr_contains_cidr_string' ? walk(other) : 0),
  validate: ([format, text]) => regexCost(sizeOf(text!), (format as { maxRegexSize?: number }).maxRegexSize ?? 0),
};
for (const name of ['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf', 'includes']) byName[name] = ([list]) => traversal(list!);
for (const name of ['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey']) byName[name] = ([text]) => walk(text);
for (const name of ['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver']) byName[name] = ([text]) => walk(text);
for (const name of (
  'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified ' +
  'isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat ' +
  'isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'
).split(' '))
  byName[name] = () => 1;

const smaller = ([a, b]: readonly Value[]): number => ceil(Math.min(sizeOf(a!), sizeOf(b!)) * STRING_FACTOR);

const byOverload: Record<string, Cost> = {
  in_list: ([, list]) => sizeOf(list!),
  matches_string: ([text, pattern]) => regexCost(sizeOf(text!), sizeOf(pattern!)),
  contains_string: ([text, part]) => walk(text) * walk(part),
  add_string: ([a, b]) => ceil((sizeOf(a!) + sizeOf(b!)) * STRING_FACTOR),
  add_bytes: ([a, b]) => ceil((sizeOf(a!) + sizeOf(b!)) * STRING_FACTOR),
};
for (const id of ['starts_with_string', 'ends_with_string', 'string_to_bytes', 'bytes_to_string', 'strings_quote', 'string_format'])
  byOverload[id] = ([text]) => walk(text);
for (const relation of ['less', 'greater', 'less_equals', 'greater_equals'])
  for (const type of ['string', 'bytes']) byOverload[`${relation}_${type}`] = smaller;
byOverload['equals'] = smaller;
byOverload['not_equals'] = smaller;

// lists: cel-go charges for what is looked at and for the new list
const outputSize: Cost = (_, result) => sizeOf(result) + 10;
for (const id of ['list_slice', 'lists_range', 'list_reverse', 'list_flatten', 'list_flatten_int']) byOverload[id] = outputSize;
byOverload['list_distinct'] = ([list]) => sizeOf(list!) ** 2 + 10;
for (const type of ['int', 'uint', 'double', 'bool', 'google.protobuf.Duration', 'google.protobuf.Timestamp', 'string', 'bytes']) {
  const id = type.replaceAll('.', '_');
  byOverload[`list_${id}_sort`] = ([list]) => sizeOf(list!) ** 2 + 10;
  byOverload[`list_${id}_sortByAssociatedKeys`] = ([list]) => sizeOf(list!) ** 2 + 10;
}

/** @param overload where the checker knows it; empty: any of several */
export function costOfCall(name: string, overload: string, args: readonly Value[], result: Value): number {
  const known = Object.hasOwn(byName, name) ? byName[name] : Object.hasOwn(byOverload, overload) ? byOverload[overload] : undefined;
  if (name === '_==_' && args[0] instanceof OpaqueValue) return 1;
  return known ? known(args, result, overload) : 1;
}

/** The cost of walking through a value and all within it. */
function traversal(value: Value): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * STRING_FACTOR);
  if (value instanceof Uint8Array) return Math.floor(value.length * STRING_FACTOR);
  let cost = 0;
  if (value instanceof ListValue) for (const element of value) cost += traversal(element);
  else if (value instanceof MapValue) for (const key of value.keys()) cost += traversal(key) + traversal(value.get(key)!);
  else return 1;
  return cost;
}
