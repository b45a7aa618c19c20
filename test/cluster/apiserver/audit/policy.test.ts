// Which rule of an audit policy decides, and what is wrong with a policy. Named after the cases of audit/policy of k8s.io/apiserver.
import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, evaluate, type AuditAttributes, type PolicyRule } from '../../../../src/cluster/apiserver/audit/policy.ts';
import { readPolicy } from '../../../../src/cluster/apiserver/audit/read-policy.ts';

const request = (more: Partial<AuditAttributes> = {}): AuditAttributes => ({
  user: { username: 'tim', groups: ['humans'] },
  verb: 'get',
  isResourceRequest: true,
  path: '/api/v1/namespaces/default/pods/busybox',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'busybox',
  ...more,
});
const path = (url: string): AuditAttributes => request({ isResourceRequest: false, path: url, resource: '', namespace: '', name: '' });

describe('a rule', () => {
  test.each<[string, Omit<PolicyRule, 'level'>, AuditAttributes, boolean]>([
    ['without anything fits all', {}, request(), true],
    ['of a user', { users: ['tim'] }, request(), true],
    ['of another user', { users: ['ann'] }, request(), false],
    ['of a group', { userGroups: ['devs', 'humans'] }, request(), true],
    ['of another group', { userGroups: ['devs'] }, request(), false],
    ['of another verb', { verbs: ['delete'] }, request(), false],
    ['of a namespace', { namespaces: ['default'] }, request(), true],
    ['of what is in no namespace', { namespaces: [''] }, request(), false],
    ['of a namespace, for a path', { namespaces: ['default'] }, path('/logs'), false],
    ['of the core group', { resources: [{}] }, request(), true],
    ['of another group of resources', { resources: [{ group: 'apps' }] }, request(), false],
    ['of a resource', { resources: [{ resources: ['pods'] }] }, request(), true],
    ['of a resource, for its subresource', { resources: [{ resources: ['pods'] }] }, request({ subresource: 'log' }), false],
    ['of a subresource', { resources: [{ resources: ['pods/log'] }] }, request({ subresource: 'log' }), true],
    ['of all subresources', { resources: [{ resources: ['pods/*'] }] }, request({ subresource: 'log' }), true],
    ['of all subresources, for the resource too', { resources: [{ resources: ['pods/*'] }] }, request(), true],
    ['of a subresource of anything', { resources: [{ resources: ['*/log'] }] }, request({ subresource: 'log' }), true],
    ['of a name', { resources: [{ resources: ['pods'], resourceNames: ['busybox'] }] }, request(), true],
    ['of another name', { resources: [{ resources: ['pods'], resourceNames: ['web'] }] }, request(), false],
    ['of a path', { nonResourceURLs: ['/logs'] }, path('/logs'), true],
    ['of paths', { nonResourceURLs: ['/log*'] }, path('/logs/x'), true],
    ['of other paths', { nonResourceURLs: ['/metrics'] }, path('/logs'), false],
    ['of paths, for a resource', { nonResourceURLs: ['*'] }, request(), false],
  ])('%s', (_, rule, attributes, fits) => {
    expect(evaluate({ rules: [{ level: 'Request', ...rule }] }, attributes).level).toBe(fits ? 'Request' : 'None');
  });

  test('that comes first decides', () => {
    const rules: PolicyRule[] = [{ level: 'None', verbs: ['get'] }, { level: 'Metadata' }];
    expect(evaluate({ rules }, request()).level).toBe('None');
    expect(evaluate({ rules }, request({ verb: 'list' })).level).toBe('Metadata');
  });

  test('adds to the stages that the policy leaves out, and decides of managed fields', () => {
    const rules: PolicyRule[] = [{ level: 'Request', omitStages: ['Panic'], omitManagedFields: false }];
    const { omitStages, omitManagedFields } = evaluate({ rules, omitStages: ['RequestReceived'], omitManagedFields: true }, request());
    expect([...omitStages]).toEqual(['RequestReceived', 'Panic']);
    expect(omitManagedFields).toBe(false);
  });
});

test('the policy by default never tells what objects hold', () => {
  expect(DEFAULT_POLICY.rules.every(({ level }) => level === 'None' || level === 'Metadata')).toBe(true);
  expect(evaluate(DEFAULT_POLICY, request({ resource: 'secrets' })).level).toBe('Metadata');
  expect(evaluate(DEFAULT_POLICY, path('/readyz')).level).toBe('None');
});

const policy = (rest: string): string => `apiVersion: audit.k8s.io/v1\nkind: Policy\n${rest}`;

test.each([
  ['nothing', '', 'it is empty'],
  ['another kind', 'apiVersion: v1\nkind: Policy\nrules: []\n', 'it is not a Policy of audit.k8s.io/v1'],
  ['no rules', policy('rules: []\n'), 'rules: there are none'],
  ['no level', policy('rules: [{}]\n'), 'rules[0].level: it must be one of None, Metadata, Request, RequestResponse'],
  ['a field that is misspelt', policy('rules: [{level: None, user: [a]}]\n'), 'rules[0].user: there is no such field'],
  ['a stage that there is not', policy('omitStages: [Begin]\nrules: [{level: None}]\n'), 'omitStages: "Begin" is none of'],
  [
    'resources and paths',
    policy('rules: [{level: None, namespaces: [a], nonResourceURLs: ["*"]}]\n'),
    'rules cannot apply to both regular resources and non-resource URLs',
  ],
  ['a star within a path', policy('rules: [{level: None, nonResourceURLs: ["/a*b"]}]\n'), "wildcards '*' must be the final character"],
  ['names without resources', policy('rules: [{level: None, resources: [{resourceNames: [a]}]}]\n'), 'requires at least one resource'],
])('a policy with %s is refused', async (_, text, why) => {
  await expect(readPolicy(text)).rejects.toThrow(why);
});

test('a policy is read as it stands', async () => {
  expect(await readPolicy(policy('rules:\n- level: Metadata\n  resources: [{group: apps}]\n'))).toMatchObject({
    rules: [{ level: 'Metadata', resources: [{ group: 'apps' }] }],
  });
});
