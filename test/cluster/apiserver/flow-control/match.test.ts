// Which FlowSchema a request belongs to, and how its flow is dealt to queues. Named after the rules of util/flowcontrol of k8s.io/apiserver.
import { describe, expect, test } from 'vitest';
import type { FlowSchema } from '#api/flowcontrol/v1';
import { flowDistinguisher, matchesFlowSchema, type RequestDigest } from '../../../../src/cluster/apiserver/flow-control/match.ts';
import { deal, flowHash } from '../../../../src/cluster/apiserver/flow-control/shuffle-sharding.ts';

type Rule = NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number];

const digest = (more: Partial<RequestDigest> = {}): RequestDigest => ({
  user: { username: 'ann', groups: ['devs'] },
  verb: 'get',
  isResourceRequest: true,
  path: '/apis/apps/v1/namespaces/web/deployments/d',
  group: 'apps',
  resource: 'deployments',
  subresource: '',
  namespace: 'web',
  ...more,
});
const path = (url: string): RequestDigest => digest({ isResourceRequest: false, path: url, group: '', resource: '', namespace: '' });
const everyone: Rule['subjects'] = [{ kind: 'Group', group: { name: '*' } }];
const resources = { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], namespaces: ['web'] };
const schema = (rule: Partial<Rule>, by?: string): FlowSchema =>
  ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: 'x' },
    spec: {
      matchingPrecedence: 1,
      priorityLevelConfiguration: { name: 'x' },
      ...(by ? { distinguisherMethod: { type: by } } : {}),
      rules: [{ subjects: everyone, ...rule }],
    },
  }) as unknown as FlowSchema;
const account = digest({ user: { username: 'system:serviceaccount:web:app', groups: [] } });
const serviceAccount = (namespace: string, name: string): Rule['subjects'] => [
  { kind: 'ServiceAccount', serviceAccount: { namespace, name } },
];

test.each<[string, Partial<Rule>, RequestDigest, boolean]>([
  ['a resource', { resourceRules: [resources] }, digest(), true],
  ['another verb', { resourceRules: [{ ...resources, verbs: ['list'] }] }, digest(), false],
  ['another group', { resourceRules: [{ ...resources, apiGroups: [''] }] }, digest(), false],
  ['another namespace', { resourceRules: [{ ...resources, namespaces: ['other'] }] }, digest(), false],
  ['a subresource that is not named', { resourceRules: [resources] }, digest({ subresource: 'scale' }), false],
  ['a subresource', { resourceRules: [{ ...resources, resources: ['deployments/scale'] }] }, digest({ subresource: 'scale' }), true],
  ['no namespace', { resourceRules: [{ ...resources, namespaces: ['*'] }] }, digest({ namespace: '' }), false],
  ['the scope of the cluster', { resourceRules: [{ ...resources, clusterScope: true }] }, digest({ namespace: '' }), true],
  ['a path', { nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/healthz'] }] }, path('/healthz'), true],
  ['paths', { nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/apis/*'] }] }, path('/apis/apps'), true],
  ['another path', { nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/apis/*'] }] }, path('/api'), false],
  ['a path, for a resource', { nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }, digest(), false],
  ['a user', { subjects: [{ kind: 'User', user: { name: 'ann' } }], resourceRules: [resources] }, digest(), true],
  ['another user', { subjects: [{ kind: 'User', user: { name: 'bob' } }], resourceRules: [resources] }, digest(), false],
  ['a group', { subjects: [{ kind: 'Group', group: { name: 'devs' } }], resourceRules: [resources] }, digest(), true],
  ['an account', { subjects: serviceAccount('web', 'app'), resourceRules: [resources] }, account, true],
  ['the accounts of a namespace', { subjects: serviceAccount('web', '*'), resourceRules: [resources] }, account, true],
  ['the accounts of another namespace', { subjects: serviceAccount('we', '*'), resourceRules: [resources] }, account, false],
])('a rule about %s', (_, rule, request, expected) => {
  expect(matchesFlowSchema(schema(rule), request)).toBe(expected);
});

test.each([
  ['ByUser', 'ann'],
  ['ByNamespace', 'web'],
  [undefined, ''],
])('flows are told apart %s', (by, expected) => {
  expect(flowDistinguisher(schema({}, by), digest())).toBe(expected);
});

describe('a hand', () => {
  test('has different cards of the deck, and is the same for the same flow', () => {
    for (let i = 0; i < 200; i++) {
      const hash = flowHash('schema', `user-${i}`);
      const hand = deal(hash, 128, 6);
      expect(new Set(hand).size).toBe(6);
      expect(hand.every((card) => card >= 0 && card < 128)).toBe(true);
      expect(deal(hash, 128, 6)).toEqual(hand);
    }
  });

  test('of the whole deck has all of it', () => {
    expect(deal(flowHash('s', 'x'), 5, 5).sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('is dealt by what the hash leaves', () => {
    // 7 = 3 + 4 * 1, 1 = 1 + 3 * 0: the fourth of four, and the second of the others
    expect(deal(7n, 4, 2)).toEqual([3, 1]);
    // 5 = 1 + 4 * 1, 1: the second, and then the second of those that are left
    expect(deal(5n, 4, 2)).toEqual([1, 2]);
  });
});
