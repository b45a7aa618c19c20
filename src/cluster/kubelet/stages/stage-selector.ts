// Which objects a Stage is for: their labels, annotations, and what jq finds in them.
import { compileJq, JqError, JqSyntaxError, type JqQuery } from '../../../apimachinery/jq/jq.ts';
import type { Fields } from './fields.ts';
import type { StagedObject } from './stage.ts';

export interface StageSelector {
  matches(object: StagedObject): boolean;
  /** Whether the object could ever be matched: what can change of it (its status, its deletion) is left out of the question. */
  mayMatch(object: StagedObject): boolean;
}

type Condition = (object: StagedObject) => boolean;

/** What holds of an object for as long as it lives, near enough. */
const LASTING = /^\s*\.(?:spec\b|metadata\.(?:labels|annotations|name|namespace|generateName|ownerReferences)\b)/;

/** Throws a StageError. */
export function readSelector(selector: Fields): StageSelector {
  selector.only('matchLabels', 'matchAnnotations', 'matchExpressions');
  const labels = selector.texted('matchLabels');
  const annotations = selector.texted('matchAnnotations');
  const lasting: Condition[] = [
    ({ metadata }) => hasAll(metadata.labels ?? {}, labels),
    ({ metadata }) => hasAll(metadata.annotations ?? {}, annotations),
  ];
  const passing: Condition[] = [];
  for (const expression of selector.list('matchExpressions')) {
    const { source, condition } = readExpression(expression);
    (LASTING.test(source) ? lasting : passing).push(condition);
  }
  const mayMatch: Condition = (object) => lasting.every((condition) => condition(object));
  return { mayMatch, matches: (object) => mayMatch(object) && passing.every((condition) => condition(object)) };
}

const hasAll = (values: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => values[key] === value);

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function readExpression(expression: Fields): { readonly source: string; readonly condition: Condition } {
  expression.only('cel', 'jq', 'key', 'operator', 'values').refuse('cel', 'is not supported: use jq');
  const fields = expression.fields('jq')?.only('key', 'operator', 'values') ?? expression;
  const operator = fields.text('operator') ?? '';
  const values = fields.texts('values');
  if (!OPERATORS.includes(operator)) throw fields.error('operator', `must be one of ${OPERATORS.join(', ')}`);
  const wantsValues = operator === 'In' || operator === 'NotIn';
  if (wantsValues !== values.length > 0) throw fields.error('values', wantsValues ? 'must not be empty' : `must be empty with ${operator}`);
  const { source, query } = readQuery(fields, 'key');
  const negated = operator === 'NotIn' || operator === 'DoesNotExist';
  const finds = (found: readonly unknown[]): boolean =>
    wantsValues ? found.some((value) => values.includes(textOf(value))) : found.length > 0;
  return { source, condition: (object) => finds(found(query, object)) !== negated };
}

/** As kwok has it: numbers of an object equal no value. `tostring` makes texts of them. */
function textOf(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : '\0';
}

/** What the query finds that is not null; nothing where it fails. */
export function found(query: JqQuery, object: StagedObject): readonly unknown[] {
  try {
    return query(object).filter((value) => value !== null && value !== undefined);
  } catch (error) {
    if (error instanceof JqError) return [];
    throw error;
  }
}

export function readQuery(of: Fields, name: string): { readonly source: string; readonly query: JqQuery } {
  const source = of.text(name);
  if (source === undefined) throw of.error(name, 'is missing');
  try {
    return { source, query: compileJq(source) };
  } catch (error) {
    if (error instanceof JqSyntaxError)
      throw of.error(name, `${error.message} (the part of jq that is understood is described in docs/node.md)`, error);
    throw error;
  }
}
