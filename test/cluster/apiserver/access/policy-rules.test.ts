// What rules allow, and what of a role somebody lacks who wants to grant it. The situations of pkg/apis/rbac/v1's evaluation helpers and
// of component-helpers' policy comparator.
import { describe, expect, test } from 'vitest';
import { ruleAllows, ruleText, uncovered } from '../../../../src/cluster/apiserver/authorization/policy-rules.ts';
import { policyRule } from '../../../../src/cluster/apiserver/bootstrap/policy-rule.ts';

const user = { username: 'jane', groups: [] };

describe('a rule and a request', () => {
  test.each<[string, string, string, boolean]>([
    ['get: pods', 'get pods', 'the same', true],
    ['get: pods', 'list pods', 'another verb', false],
    ['*: pods', 'list pods', 'any verb', true],
    ['get: pods', 'get pods/log', 'a subresource is not the resource', false],
    ['get: pods/log', 'get pods/log', 'the subresource by name', true],
    ['get: pods/log', 'get pods', 'the resource is not its subresource', false],
    ['get: *', 'get pods/log', 'everything', true],
    ['update: */scale', 'update deployments/scale', 'that subresource of anything', true],
    ['update: */scale', 'update deployments/status', 'another subresource of anything', false],
    ['get: pods [web]', 'get pods web', 'the object by name', true],
    ['get: pods [web]', 'get pods other', 'another object', false],
    ['get: pods [web]', 'get pods', 'no object named', false],
    ['get: /healthz', 'get /healthz', 'a path', true],
    ['get: /healthz/*', 'get /healthz/ping', 'below a path', true],
    ['get: /healthz/*', 'get /healthz', 'the path itself is not below it', false],
    ['get: /a*b', 'get /axb', 'a star in the middle is a star', false],
    ['*: *', 'get /anything', 'any path', true],
    ['get: pods', 'get /pods', 'a resource is no path', false],
  ])('%s / %s: %s', (rule, request, _, expected) => {
    const [verb = '', what = '', name = ''] = request.split(' ');
    const [resource = '', subresource = ''] = what.split('/');
    const attributes = what.startsWith('/')
      ? { user, verb, path: what }
      : { user, verb, group: '', version: 'v1', resource, subresource, namespace: '', name, fieldSelector: [] };
    expect(ruleAllows(policyRule(rule), attributes)).toBe(expected);
  });

  test('the group counts', () => {
    const attributes = {
      user,
      verb: 'get',
      group: 'apps',
      version: 'v1',
      resource: 'pods',
      subresource: '',
      namespace: '',
      name: '',
      fieldSelector: [],
    };
    expect(['get: pods', 'get: pods @ apps', 'get: pods @ *'].map((rule) => ruleAllows(policyRule(rule), attributes))).toEqual([
      false,
      true,
      true,
    ]);
  });
});

test.each<[string, readonly string[], string, readonly string[]]>([
  ['all of it', ['get list: pods'], 'get list: pods', []],
  ['by two rules together', ['get: pods', 'list: pods'], 'get list: pods', []],
  [
    'verbs that are missing are told in one',
    ['get: pods'],
    'get list watch: pods',
    ['{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}'],
  ],
  [
    'of two resources the one that is missing',
    ['get: pods'],
    'get: pods secrets',
    ['{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'],
  ],
  ['names where all may be had', ['get: secrets'], 'get: secrets [a b]', []],
  ['all where only names may be had', ['get: secrets [a]'], 'get: secrets', ['{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}']],
  [
    'another name',
    ['get: secrets [a]'],
    'get: secrets [a b]',
    ['{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get"]}'],
  ],
  ['everything where everything may be had', ['*: * @ *'], '*: * @ *', []],
  ['everything where every verb may be had', ['*: pods'], '*: *  @ *', ['{APIGroups:["*"], Resources:["*"], Verbs:["*"]}']],
  ['that subresource of anything', ['get: */scale'], 'get: deployments/scale', []],
  ['a path below one', ['get: /healthz/*'], 'get: /healthz/ping', []],
  ['another path', ['get: /healthz'], 'get: /metrics', ['{NonResourceURLs:["/metrics"], Verbs:["get"]}']],
])('granting %s', (_, owned, wanted, expected) => {
  expect(uncovered(owned.map(policyRule), [policyRule(wanted)]).map(ruleText)).toEqual(expected);
});
