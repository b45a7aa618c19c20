// Label selectors: the language of `-l` and `labelSelector=`, and metav1.LabelSelector. Messages are those of k8s.io/apimachinery's
// labels package.
import type { LabelSelector as LabelSelectorSpec } from '#api/meta/v1';
import { quote } from './go-text.ts';
import { fieldErrorText, invalid, notSupported, Path, type FieldError } from './validation/field-error.ts';
import { isQualifiedName, isValidLabelValue } from './validation/names.ts';

export type Labels = Readonly<Record<string, string>>;
export type SelectorOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** Thrown for a selector that cannot be read. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

const NO_LABELS: Labels = {};

export class LabelSelector {
  /** Sorted by key. */
  readonly requirements: readonly Requirement[];
  private readonly matchesNothing: boolean;

  private constructor(requirements: readonly Requirement[], matchesNothing = false) {
    this.requirements = requirements;
    this.matchesNothing = matchesNothing;
  }

  static readonly everything = new LabelSelector([]);
  static readonly nothing = new LabelSelector([], true);

  /** Parses `a=b,c in (d,e),!f`. Throws {@link SelectorError}. */
  static parse(text: string): LabelSelector {
    return text === '' ? LabelSelector.everything : new LabelSelector(sortByKey(new Parser(text).parse()));
  }

  /** Equal to all of these; the values are not checked. */
  static fromSet(set: Labels | undefined): LabelSelector {
    const keys = Object.keys(set ?? {}).sort();
    return keys.length === 0
      ? LabelSelector.everything
      : new LabelSelector(keys.map((key) => ({ key, operator: '=', values: [set![key]!] })));
  }

  /** All of these, taken together; none of them selects everything. */
  static fromRequirements(requirements: readonly Requirement[]): LabelSelector {
    return requirements.length === 0 ? LabelSelector.everything : new LabelSelector(sortByKey(requirements));
  }

  /** A metav1.LabelSelector: none selects nothing, an empty one everything. Throws {@link SelectorError}. */
  static fromSpec(spec: LabelSelectorSpec | null | undefined): LabelSelector {
    if (!spec) return LabelSelector.nothing;
    const known = fromSpecCache.get(spec);
    if (known) return known;
    const requirements: Requirement[] = Object.entries(spec.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
    for (const { key, operator, values = [] } of spec.matchExpressions ?? []) {
      const op = SPEC_OPERATORS[operator];
      if (!op) throw new SelectorError(`${quote(operator)} is not a valid label selector operator`);
      requirements.push(requirement(key, op, values));
    }
    const selector = requirements.length === 0 ? LabelSelector.everything : new LabelSelector(sortByKey(requirements));
    fromSpecCache.set(spec, selector);
    return selector;
  }

  get empty(): boolean {
    return this.requirements.length === 0 && !this.matchesNothing;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.matchesNothing) return false;
    for (const r of this.requirements) if (!satisfies(r, labels ?? NO_LABELS)) return false;
    return true;
  }

  toString(): string {
    return this.requirements.map(requirementText).join(',');
  }
}

const fromSpecCache = new WeakMap<object, LabelSelector>();

const SPEC_OPERATORS: Readonly<Record<string, SelectorOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };
const SUPPORTED = ['in', 'notin', '=', '==', '!=', 'gt', 'lt', 'exists', '!'];

const sortByKey = (requirements: readonly Requirement[]): Requirement[] =>
  [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** A checked requirement. Throws {@link SelectorError} with all that is wrong with it. */
export function requirement(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const errors = requirementErrors(key, operator, values);
  const texts = [...new Set(errors.map(fieldErrorText))];
  if (texts.length) throw new SelectorError(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
  return { key, operator, values };
}

function requirementErrors(key: string, operator: SelectorOperator, values: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const at = Path.of('values');
  const wrongKey = isQualifiedName(key);
  if (wrongKey.length) errors.push(invalid(Path.of('key'), key, wrongKey.join('; ')));
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0) errors.push(invalid(at, values, "for 'in', 'notin' operators, values set can't be empty"));
      break;
    case '=':
    case '==':
    case '!=':
      if (values.length !== 1) errors.push(invalid(at, values, 'exact-match compatibility requires one single value'));
      break;
    case 'exists':
    case '!':
      if (values.length !== 0) errors.push(invalid(at, values, 'values set must be empty for exists and does not exist'));
      break;
    case 'gt':
    case 'lt':
      if (values.length !== 1) errors.push(invalid(at, values, "for 'Gt', 'Lt' operators, exactly one value is required"));
      values.forEach((v, i) => {
        if (integer(v) === undefined) errors.push(invalid(at.index(i), v, "for 'Gt', 'Lt' operators, the value must be an integer"));
      });
      break;
    default:
      errors.push(notSupported(Path.of('operator'), operator, SUPPORTED));
  }
  values.forEach((v, i) => {
    const wrong = isValidLabelValue(v);
    if (wrong.length) errors.push(invalid(at.index(i).key(key), v, wrong.join('; ')));
  });
  return errors;
}

function integer(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const n = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, n) === n ? n : undefined;
}

function satisfies({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
      return value === values[0];
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      const have = value === undefined ? undefined : integer(value);
      const bound = integer(values[0] ?? '');
      if (have === undefined || bound === undefined) return false;
      return operator === 'gt' ? have > bound : have < bound;
    }
  }
}

function requirementText({ key, operator, values }: Requirement): string {
  const list = [...values].sort().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

type TokenKind = 'identifier' | 'end' | 'error' | ')' | ',' | '!' | '==' | '=' | '>' | 'in' | '<' | '!=' | 'notin' | '(';
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}
const SYMBOLS = [')', ',', '!', '==', '=', '>', '<', '!=', '('] as const;
const OPERATORS: Partial<Record<TokenKind, SelectorOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};
const BINARY = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const [word] of text.matchAll(/[=!(),><]+|[^\s=!(),><]+/g)) {
    if (!/[=!(),><]/.test(word)) {
      found.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
      continue;
    }
    // the longest symbol that can be read; what cannot be read on its own is an error
    for (let rest = word; rest;) {
      const symbol = SYMBOLS.filter((s) => rest.startsWith(s)).sort((a, b) => b.length - a.length)[0]!;
      found.push({ kind: symbol, text: symbol });
      rest = rest.slice(symbol.length);
    }
  }
  return [...found, { kind: 'end', text: '' }];
}

class Parser {
  private readonly items: readonly Token[];
  private at = 0;

  constructor(text: string) {
    this.items = tokens(text);
  }

  /** Where a value is expected, `in` and `notin` are words like others. */
  private look(values = true): Token {
    const token = this.items[this.at] ?? { kind: 'end', text: '' };
    return values && (token.kind === 'in' || token.kind === 'notin') ? { kind: 'identifier', text: token.text } : token;
  }

  private next(values = true): Token {
    const token = this.look(values);
    this.at++;
    return token;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.look();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!')
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        requirements.push(this.requirement());
      } catch (error) {
        if (error instanceof SelectorError)
          throw new SelectorError(`unable to parse requirement: ${error.message}`, { cause: error.cause });
        throw error;
      }
      const after = this.next();
      if (after.kind === 'end') return requirements;
      if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.look();
      if (following.kind !== 'identifier' && following.kind !== '!')
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
    }
  }

  private requirement(): Requirement {
    let token = this.next();
    const negated = token.kind === '!';
    if (negated) token = this.next();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const wrongKey = isQualifiedName(key);
    if (wrongKey.length) throw new SelectorError(fieldErrorText(invalid(NOWHERE, key, wrongKey.join('; '))));
    const after = this.look().kind;
    if (negated) return requirement(key, '!', []);
    if (after === 'end' || after === ',') return requirement(key, 'exists', []);
    const op = this.next(false);
    const operator = OPERATORS[op.kind];
    if (!operator) throw new SelectorError(`found '${op.text}', expected: ${BINARY.join(', ')}`);
    const values = operator === 'in' || operator === 'notin' ? this.values() : this.exactValue();
    return requirement(key, operator, [...new Set(values)].sort());
  }

  private values(): string[] {
    const open = this.next();
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.look();
    if (first.kind === ')') {
      this.next();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    const values: string[] = [];
    for (;;) {
      const token = this.next();
      if (token.kind === 'identifier') {
        values.push(token.text);
        const after = this.look();
        if (after.kind === ')') break;
        if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.length === 0) values.push('');
        const after = this.look();
        if (after.kind === ')' || after.kind === ',') values.push('');
        if (after.kind === ')') break;
      } else throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
    }
    this.next();
    return values;
  }

  private exactValue(): string[] {
    const token = this.look();
    if (token.kind === 'end' || token.kind === ',') return [''];
    this.next();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    return [token.text];
  }
}

/** A nil path prints like this in Go. */
const NOWHERE = Path.of('<nil>');
