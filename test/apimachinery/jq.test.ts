import { expect, test } from 'vitest';
import { compileJq, compileJqPaths, JqError, JqSyntaxError } from '../../src/apimachinery/jq/jq.ts';

const object = {
  metadata: { annotations: { 'a/b': 'c' }, ownerReferences: [{ kind: 'Job' }, { kind: 'Pod' }] },
  status: {
    phase: 'Running',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Initialized', status: 'False' },
    ],
    count: 3,
  },
  flag: false,
};

/** As gojq, which kwok uses, answers. */
test.each<[query: string, found: readonly unknown[]]>([
  ['.', [object]],
  ['.status.phase', ['Running']],
  ['.status."phase"', ['Running']],
  ['.status["phase"]', ['Running']],
  ['.metadata.annotations["a/b"]', ['c']],
  ['.metadata.labels["a/b"]', [null]],
  ['.nothing.at.all', [null]],
  ['.metadata.ownerReferences.[].kind', ['Job', 'Pod']],
  ['.metadata.ownerReferences[].kind', ['Job', 'Pod']],
  ['.metadata.ownerReferences[0].kind', ['Job']],
  ['.metadata.ownerReferences[-1].kind', ['Pod']],
  ['.metadata.ownerReferences.[7]', [null]],
  ['.status.conditions.[] | select( .type == "Ready" ) | .status', ['True']],
  ['.status.conditions[] | select(.type == "Ready" and .status != "True")', []],
  ['.status.conditions[] | select(.type == "X" or .status == "False") | .type', ['Initialized']],
  ['.status.count > 2, .status.count <= 2', [true, false]],
  ['.nothing // "none"', ['none']],
  ['.flag // "none"', ['none']],
  ['.nothing[]? // "none"', ['none']],
  ['.status.phase[]?', []],
  ['.flag | not', [true]],
  ['.status.conditions | length', [2]],
  ['.status.conditions | map(.type)', [['Ready', 'Initialized']]],
  ['.status | has("phase")', [true]],
  ['.status.conditions | any(.status == "True")', [true]],
  ['.status.count | tostring', ['3']],
  ['.status.phase | startswith("Run")', [true]],
  ['.status | keys', [['conditions', 'count', 'phase']]],
  ['(.status | .phase)', ['Running']],
  ['.status.count == -3', [false]],
  ['null, true, "x\\n"', [null, true, 'x\n']],
  ['.status.phase | test("^R.*g$")', [true]],
  ['.status.conditions[] | select(.type | contains("init") or contains("Init")) | .status', ['False']],
  ['.status.phase | ascii_downcase', ['running']],
])('%s', (query, found) => {
  expect(compileJq(query)(object)).toEqual(found);
});

test.each([
  ['.nothing[]', 'cannot iterate over: null'],
  ['.status.phase.x', 'expected an object but got: string'],
  ['.status.conditions.x', 'expected an object but got: array'],
  ['.status[0]', 'expected an array but got: object'],
])('%s: an error of the value', (query, message) => {
  expect(() => compileJq(query)(object)).toThrow(new JqError(message));
});

test.each([
  ['', 'unexpected end at column 1'],
  ['.a |', 'unexpected end at column 5'],
  ['.a.b c', 'unexpected "c" at column 6'],
  ['.a[', 'unexpected end at column 4'],
  ['.a["b"', 'unexpected end, expected ] at column 7'],
  ['.a | recurse', 'recurse is not understood at column 6'],
  ['.a | sub("x")', 'sub(…) is not understood at column 6'],
  ['def f: .', 'def is not understood at column 1'],
  ['$x', 'unexpected "$" at column 1'],
  ['"abc', 'unexpected "\\"" at column 1'],
  ['('.repeat(60), 'nested more than 50 levels deep at column 51'],
])('%s: is not understood', (query, message) => {
  expect(() => compileJq(query)).toThrow(new JqSyntaxError(message.replace(/ at column \d+$/, ''), Number(/\d+$/.exec(message)![0])));
});

test.each<[query: string, paths: readonly string[]]>([
  ['.status.phase', ['status/phase']],
  ['.nothing.at', ['nothing/at']],
  ['.status.conditions[].status', ['status/conditions/0/status', 'status/conditions/1/status']],
  ['.status.conditions[] | select(.type == "Ready")', ['status/conditions/0']],
  ['.status.conditions[-1]', ['status/conditions/1']],
  ['.status.conditions | last', ['status/conditions/1']],
  ['.metadata.annotations["a/b"], .flag', ['metadata/annotations/a/b', 'flag']],
  ['.. | select(. == "Job")', ['metadata/ownerReferences/0/kind']],
])('%s stands at', (query, paths) => {
  expect(compileJqPaths(query)(object).map((path) => path.join('/'))).toEqual(paths);
});

test('what is made up stands nowhere', () => {
  expect(() => compileJqPaths('.status | length')(object)).toThrow(JqError);
});
