// Literals that can only fail: durations, timestamps and patterns that do not parse, and lists and maps of mixed types. Follows the
// validators of cel-go's cel/validator.go that Kubernetes turns on.
import { compileRegexp, RegexpError } from '../regexp.ts';
import { childrenOf, type Expr } from './ast.ts';
import type { Checked } from './checker.ts';
import type { Issue } from './issue.ts';
import { parseDurationNanos, parseTimestampNanos } from './library/times.ts';

export function literalIssues(checked: Checked): readonly Issue[] {
  const issues: Issue[] = [];
  const visit = (expr: Expr): void => {
    const message = expr.is === 'call' ? wrongCall(expr) : undefined;
    if (message !== undefined) issues.push(message);
    for (const child of childrenOf(expr)) visit(child);
  };
  visit(checked.expr);
  return issues;
}

const text = (expr: Expr | undefined): string | undefined =>
  expr?.is === 'literal' && typeof expr.value === 'string' ? expr.value : undefined;

function wrongCall({ name, args, target }: Expr & { readonly is: 'call' }): Issue | undefined {
  const literal = name === 'matches' ? args.at(-1) : target ? undefined : args[0];
  const value = text(literal);
  if (value === undefined) return undefined;
  const { at } = literal!;
  switch (name) {
    case 'duration':
      return parseDurationNanos(value) === undefined ? { at, message: 'invalid duration argument' } : undefined;
    case 'timestamp':
      return parseTimestampNanos(value) === undefined ? { at, message: 'invalid timestamp argument' } : undefined;
    case 'matches':
      return isPattern(value) ? undefined : { at, message: 'invalid matches argument' };
    default:
      return undefined;
  }
}

function isPattern(pattern: string): boolean {
  try {
    compileRegexp(pattern);
    return true;
  } catch (error) {
    if (error instanceof RegexpError) return false;
    throw error;
  }
}
