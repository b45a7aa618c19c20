// Reads a file of health rules (docs/health.md): a list of kinds with their rules, in YAML or JSON. Everything that is wrong with it is
// told at once, with its place.
import { isObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { fieldPath, type ManifestError } from '../render/manifest-error.ts';
import { positionsIn } from '../render/positions.ts';
import { yamlErrors } from '../validate/file-schema.ts';
import { RuleBook } from './known-kinds.ts';
import { judgeBy, RuleError, type HealthRule, type KindRules } from './rule.ts';
import { HEALTH_STATUSES } from './verdict.ts';

/** The most bytes that a file of rules may have. */
export const MAX_RULE_FILE_BYTES = 1 << 20;

export type RuleFileResult =
  { readonly rules: RuleBook; readonly errors?: undefined } | { readonly rules?: undefined; readonly errors: readonly ManifestError[] };

/** @param file its name, for errors */
export async function readRuleFile(text: string, file: string): Promise<RuleFileResult> {
  if (text.length > MAX_RULE_FILE_BYTES)
    return { errors: [{ file, line: 1, column: 1, path: '', message: `the file is larger than ${MAX_RULE_FILE_BYTES} bytes` }] };
  const read = await readYaml(text);
  if (read.faults) return { errors: yamlErrors(read.faults, text, file) };
  const faults = [...faultsOf(read.value)];
  if (faults.length === 0) return { rules: new RuleBook(read.value as readonly KindRules[]) };
  const places = await positionsIn(
    text,
    faults.map(({ at }) => ({ at })),
  );
  return {
    errors: faults.map(({ at, message, hint }, i) => ({ file, ...places[i]!, path: fieldPath(at), message, ...(hint ? { hint } : {}) })),
  };
}

interface Fault {
  readonly at: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

const KIND_FIELDS: ReadonlySet<string> = new Set(['kinds', 'rules', 'observedGeneration'] satisfies (keyof KindRules)[]);
const RULE_FIELDS: ReadonlySet<string> = new Set([
  'health',
  'condition',
  'reason',
  'when',
  'message',
  'messageExpression',
] satisfies (keyof HealthRule)[]);

function* faultsOf(value: unknown): Generator<Fault> {
  if (!Array.isArray(value)) return yield { at: [], message: 'must be a list of kinds and their rules' };
  for (const [i, entry] of value.entries()) {
    if (!isObject(entry)) {
      yield { at: [i], message: 'must have kinds and rules' };
      continue;
    }
    yield* unknownFields(entry, KIND_FIELDS, [i]);
    yield* kindFaults(entry['kinds'], [i, 'kinds']);
    if (!['boolean', 'undefined'].includes(typeof entry['observedGeneration']))
      yield { at: [i, 'observedGeneration'], message: 'must be true or false' };
    const rules = entry['rules'];
    if (!Array.isArray(rules)) yield { at: [i, 'rules'], message: 'must be a list of rules' };
    else for (const [j, rule] of rules.entries()) yield* ruleFaults(rule, [i, 'rules', j]);
  }
}

function* kindFaults(kinds: unknown, at: Fault['at']): Generator<Fault> {
  if (!Array.isArray(kinds) || kinds.length === 0)
    return yield { at, message: 'must be a list of kinds', hint: 'such as [example.com/Widget]' };
  for (const [i, kind] of kinds.entries())
    if (typeof kind !== 'string' || !/^[^/\s]*\/[^/\s]+$/.test(kind))
      yield { at: [...at, i], message: 'must be a group and a kind', hint: 'such as example.com/Widget, or /Pod of the core group' };
}

function* ruleFaults(rule: unknown, at: Fault['at']): Generator<Fault> {
  if (!isObject(rule)) return yield { at, message: 'must be a rule: a verdict (health), and when it holds' };
  yield* unknownFields(rule, RULE_FIELDS, at);
  if (!(HEALTH_STATUSES as readonly unknown[]).includes(rule['health']))
    yield { at: [...at, 'health'], message: `must be one of ${HEALTH_STATUSES.join(', ')}` };
  let texts = true;
  for (const field of ['condition', 'when', 'message', 'messageExpression']) {
    if (['string', 'undefined'].includes(typeof rule[field])) continue;
    texts = false;
    yield { at: [...at, field], message: 'must be text', hint: 'put it into quotes' };
  }
  const { reason } = rule;
  if (reason !== undefined && ![reason].flat().every((one) => typeof one === 'string'))
    yield { at: [...at, 'reason'], message: 'must be text, or a list of texts' };
  if (reason !== undefined && rule['condition'] === undefined)
    yield { at: [...at, 'reason'], message: 'is the reason of a condition', hint: 'say which: condition: Ready=False' };
  if (texts) yield* expressionFaults(rule as unknown as HealthRule, at);
}

/** Expressions are compiled, so that mistakes show here and not when an object is judged. */
function* expressionFaults(rule: HealthRule, at: Fault['at']): Generator<Fault> {
  try {
    judgeBy({ kinds: [], rules: [rule] });
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    yield { at: [...at, error.field], message: error.message };
  }
}

function* unknownFields(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>, at: Fault['at']): Generator<Fault> {
  for (const field of Object.keys(object))
    if (!known.has(field)) yield { at: [...at, field], message: 'unknown field', hint: `known are ${[...known].join(', ')}` };
}
