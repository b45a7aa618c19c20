// The environment in which all of Kubernetes' expressions are compiled, with the libraries that v1.36 lets new expressions use (those of
// v1.35), and the compilation itself. Follows pkg/cel/environment/base.go of k8s.io/apiserver.
import { authorization } from './library/authorizer.ts';
import { conversions } from './library/conversions.ts';
import { formats } from './library/formats.ts';
import { lists } from './library/lists.ts';
import { networks } from './library/networks.ts';
import { operators } from './library/operators.ts';
import { optionals } from './library/optionals.ts';
import { quantities, semvers } from './library/quantities.ts';
import { strings } from './library/strings.ts';
import { times } from './library/times.ts';
import { urls } from './library/urls.ts';
import { type Checked, checkExpression } from './checker.ts';
import { Environment, mergeFunctions } from './environment.ts';
import { showIssues } from './issue.ts';
import { parseExpression } from './parser.ts';
import { literalIssues } from './validate-literals.ts';

/** What a single expression may cost when it is run. */
export const PER_CALL_LIMIT = 1_000_000;
/** What all expressions of a request may cost together. */
export const RUNTIME_COST_BUDGET = 10_000_000;
/** What evaluating match conditions may cost. */
export const MATCH_CONDITIONS_BUDGET = RUNTIME_COST_BUDGET / 4;

export const baseEnvironment = new Environment(
  mergeFunctions(operators, conversions, times, strings, lists, optionals, quantities, semvers, networks, urls, formats, authorization),
);

export type Compiled = { readonly ok: true; readonly checked: Checked } | { readonly ok: false; readonly message: string };

/** What is wrong is told as cel-go tells it, with the places in the text. */
export function compile(text: string, environment: Environment): Compiled {
  const parsed = parseExpression(text);
  if (!parsed.ok) return { ok: false, message: showIssues(text, parsed.issues) };
  const result = checkExpression(parsed.expr, environment);
  if (!result.ok) return { ok: false, message: showIssues(text, result.issues) };
  const issues = literalIssues(result.checked);
  return issues.length ? { ok: false, message: showIssues(text, issues) } : result;
}
