// The most that a call can cost, and how large its result can be. Follows EstimateCallCost of Kubernetes' CEL library
// (pkg/cel/library/cost.go of k8s.io/apiserver), the estimators of cel-go's list extension, and functionCost of its checker/cost.go.
import type { Expr } from './ast.ts';
import { AUTHORIZATION_COST, REGEX_FACTOR, STRING_FACTOR } from './call-cost.ts';
import { type CelType, sameType } from './cel-type.ts';
import { fixed, plus, type Range, scaled, times, UNKNOWN } from './estimate-range.ts';

export interface EstimatedNode {
  /** Where the value lies, from a variable on. */
  readonly path: readonly string[] | undefined;
  readonly type: CelType;
  readonly size: Range | undefined;
  readonly expr?: Expr;
}

export interface CallEstimate {
  readonly cost: Range;
  /** Of the result, where it is known. */
  readonly size?: Range;
}

interface Call {
  readonly overload: string;
  readonly target: EstimatedNode | undefined;
  readonly args: readonly EstimatedNode[];
  readonly sizeAt: (path: readonly string[]) => Range | undefined;
}

type Estimate = (call: Call) => CallEstimate | undefined;

const ONE = fixed(1);
const MAX_REGEX = 128;
const MAX_FORMAT = 64;

const sizeOf = (node: EstimatedNode | undefined): Range => node?.size ?? UNKNOWN;
const walk = (size: Range, times_ = 1): Range => scaled(size, times_ * STRING_FACTOR);
const regex = (text: Range, pattern: Range): Range => times(walk(plus(text, ONE)), scaled(pattern, REGEX_FACTOR));

/** The elements of a list, as far as anything is known of them. */
function elementOf({ target, sizeAt }: Call): EstimatedNode | undefined {
  const type = target?.type.params[0];
  if (!type) return undefined;
  const path = target?.path && [...target.path, '@items'];
  return { path, type, size: path && sizeAt(path) };
}

const eachElement: Estimate = (call) => {
  const { target } = call;
  if (!target) return undefined;
  const element = elementOf(call);
  if (!element) return { cost: walk(sizeOf(target)) };
  const compared = ['string', 'bytes'].includes(element.type.kind) ? plus(ONE, walk(sizeOf(element))) : ONE;
  return { cost: times(sizeOf(target), compared) };
};

const nominal: Estimate = () => ({ cost: ONE });
const walksArgument: Estimate = ({ args }) => (args.length ? { cost: walk(sizeOf(args[0])) } : undefined);
const sameSizeText: Estimate = ({ target }) => target && { cost: walk(sizeOf(target)), size: sizeOf(target) };

const replace: Estimate = ({ target, args }) => {
  if (!target || args.length < 2) return undefined;
  const [text, from, to] = [sizeOf(target), sizeOf(args[0]), sizeOf(args[1])];
  let [mostReplaced, mostKept, leastReplaced, leastKept] = [0, 0, 0, 0];
  if (from.min === 0) [mostReplaced, mostKept] = [text.max + 1, text.max];
  else if (to.max <= from.min) mostKept = text.max;
  else mostReplaced = Math.ceil(text.max / from.min);
  if (from.max === 0) [leastReplaced, leastKept] = [text.min + 1, text.min];
  else if (from.max <= to.min) leastKept = text.min;
  else leastReplaced = Math.ceil(text.min / from.max);
  const size = plus(times({ min: leastReplaced, max: mostReplaced }, to), { min: leastKept, max: mostKept });
  return { cost: walk(text, 2), size };
};

const split: Estimate = ({ target, args }) => {
  if (!target) return undefined;
  const limit = args[1]?.expr;
  const bounded = limit?.is === 'literal' && typeof limit.value === 'bigint' && limit.value >= 0n;
  const max = bounded ? Number(limit.value as bigint) : sizeOf(target).max;
  return { cost: walk(sizeOf(target), 2), size: { min: 0, max } };
};

const join: Estimate = (call) => {
  const { target, args } = call;
  if (!target) return undefined;
  const count = sizeOf(target);
  const element = elementOf(call);
  let size = element ? times(count, sizeOf(element)) : fixed(0);
  if (args.length) size = plus(size, times(sizeOf(args[0]), { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }));
  return { cost: walk(size), size };
};

const find: Estimate = ({ target, args }) =>
  target && args.length ? { cost: regex(sizeOf(target), sizeOf(args[0])), size: { min: 0, max: sizeOf(target).max } } : undefined;

const ADDRESS: Range = { min: 4, max: 16 };
const withText = (cost: Range, parsed: boolean, text: EstimatedNode | undefined): CallEstimate => ({
  cost: parsed ? plus(cost, walk(sizeOf(text))) : cost,
});
const containsIP: Estimate = ({ overload, args }) =>
  withText(walk(plus(ADDRESS, ADDRESS)), overload === 'cidr_contains_ip_string', args[0]);
const containsCIDR: Estimate = ({ overload, args }) =>
  withText(plus(plus(walk(plus(ADDRESS, ADDRESS)), walk(ADDRESS)), ONE), overload === 'cidr_contains_cidr_string', args[0]);

const selector: Estimate = ({ args }) => {
  const size = sizeOf(args[0]);
  return { cost: plus(plus(fixed(10), walk(size)), scaled(scaled(size, 0.5), 50)) };
};

/** Values of Kubernetes' own types compare in an instant. */
const equality: Estimate = ({ args }) => {
  const [a, b] = args as [EstimatedNode, EstimatedNode];
  if (!sameType(a.type, b.type)) return undefined;
  const { name } = a.type;
  if (/^(?:net\.(?:IP|CIDR)|kubernetes\.(?:Quantity|Semver)|kubernetes\.authorization\..*)$/.test(name)) return { cost: ONE };
  if (name === 'kubernetes.NamedFormat') return { cost: walk({ min: 1, max: MAX_FORMAT }) };
  if (name === 'kubernetes.URL') return { cost: walk({ min: 1, max: b.size ? b.size.max : 1 }) };
  return undefined;
};

const byName: Record<string, Estimate> = {
  check: () => ({ cost: fixed(AUTHORIZATION_COST) }),
  replace,
  split,
  join,
  find,
  findAll: find,
  containsIP,
  containsCIDR,
  fieldSelector: selector,
  labelSelector: selector,
  '_==_': equality,
  url: ({ args }) => ({ cost: walk(sizeOf(args[0])), size: sizeOf(args[0]) }),
  'jsonpatch.escapeKey': ({ args }) => ({ cost: walk(sizeOf(args[0])), size: sizeOf(args[0]) }),
  ip: (call) => (call.overload === 'cidr_ip' ? nominal(call) : walksArgument(call)),
  'ip.isCanonical': ({ args }) => ({ cost: walk(sizeOf(args[0]), 2) }),
  validate: ({ args }) => ({ cost: scaled(walk(sizeOf(args[0])), MAX_REGEX * REGEX_FACTOR) }),
};
for (const name of ['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf']) byName[name] = eachElement;
for (const name of ['lowerAscii', 'upperAscii', 'substring', 'trim']) byName[name] = sameSizeText;
for (const name of ['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver']) byName[name] = walksArgument;
for (const name of (
  'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified ' +
  'isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat ' +
  'isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'
).split(' '))
  byName[name] = nominal;

// ---- by overload ----

const smaller: Estimate = ({ args }) => {
  const max = Math.min(sizeOf(args[0]).max, sizeOf(args[1]).max);
  return { cost: walk({ min: max > 0 ? 1 : 0, max }) };
};

const concatenation: Estimate = ({ overload, args }) => {
  const size = plus(sizeOf(args[0]), sizeOf(args[1]));
  return { cost: overload === 'add_list' ? ONE : walk(size), size };
};

const newList = (factor: number, size: Range): CallEstimate => ({ cost: plus(scaled(size, factor), fixed(11)), size });
const literalInt = (node: EstimatedNode | undefined, otherwise: number): number =>
  node?.expr?.is === 'literal' && typeof node.expr.value === 'bigint' && node.expr.value >= 0n ? Number(node.expr.value) : otherwise;
const squared = (size: Range, factor: number): CallEstimate => newList(factor, times(size, size));

const byOverload: Record<string, Estimate> = {
  string_format: ({ target }) => ({ cost: walk(sizeOf(target)) }),
  string_to_bytes: ({ args }) => ({ cost: walk(sizeOf(args[0])), size: { min: sizeOf(args[0]).min, max: sizeOf(args[0]).max * 4 } }),
  bytes_to_string: ({ args }) => ({
    cost: walk(sizeOf(args[0])),
    size: { min: Math.floor(sizeOf(args[0]).min / 4), max: sizeOf(args[0]).max },
  }),
  strings_quote: ({ args }) => ({ cost: walk(sizeOf(args[0])), size: { min: sizeOf(args[0]).min + 2, max: sizeOf(args[0]).max * 2 + 2 } }),
  starts_with_string: walksArgument,
  ends_with_string: walksArgument,
  in_list: ({ args }) => ({ cost: sizeOf(args[1]) }),
  matches_string: ({ target, args }) => ({ cost: regex(sizeOf(target), sizeOf(args[0])) }),
  contains_string: ({ target, args }) => ({ cost: times(walk(sizeOf(target)), walk(sizeOf(args[0]))) }),
  add_string: concatenation,
  add_bytes: concatenation,
  add_list: concatenation,
  equals: smaller,
  not_equals: smaller,
  list_slice: ({ target, args }) => newList(1, fixed(Math.max(0, literalInt(args[1], sizeOf(target).max) - literalInt(args[0], 0)))),
  lists_range: ({ args }) => newList(1, fixed(literalInt(args[0], Number.POSITIVE_INFINITY))),
  list_reverse: ({ target }) => newList(1, sizeOf(target)),
  list_flatten: ({ target }) => newList(1, sizeOf(target)),
  list_flatten_int: ({ target, args }) => newList(literalInt(args[0], Number.POSITIVE_INFINITY), sizeOf(target)),
  list_distinct: ({ target }) => squared(sizeOf(target), 2),
};
for (const relation of ['less', 'greater', 'less_equals', 'greater_equals'])
  for (const type of ['string', 'bytes']) byOverload[`${relation}_${type}`] = smaller;

function sorting({ overload, target, args }: Call): CallEstimate | undefined {
  const type = /^list_(\w+)_sort(ByAssociatedKeys)?$/.exec(overload);
  if (!type) return undefined;
  const factor = type[1] === 'string' || type[1] === 'bytes' ? 2 + STRING_FACTOR : 2;
  return squared(sizeOf(type[2] ? args[0] : target), factor);
}

/** Without what the arguments cost. */
export function estimateCall(
  name: string,
  overload: string,
  target: EstimatedNode | undefined,
  args: readonly EstimatedNode[],
  sizeAt: Call['sizeAt'],
): CallEstimate {
  const call: Call = { overload, target, args, sizeAt };
  const ofName = Object.hasOwn(byName, name) ? byName[name]!(call) : undefined;
  if (ofName) return ofName;
  const ofOverload = Object.hasOwn(byOverload, overload) ? byOverload[overload]!(call) : sorting(call);
  return ofOverload ?? { cost: ONE };
}
