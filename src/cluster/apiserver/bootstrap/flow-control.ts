// Flow schemas and priority levels of a fresh API server. Facts of k8s.io/apiserver's apis/flowcontrol/bootstrap.
import type { FlowSchema, FlowSchemaSpec, LimitedPriorityLevelConfiguration, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { Manifest } from '../../../apimachinery/object.ts';
import { formatTime } from '../../../apimachinery/time.ts';

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1';

type Rules = NonNullable<FlowSchemaSpec['rules']>[number];
type FlowSubject = Rules['subjects'][number];

const user = (name: string): FlowSubject => ({ kind: 'User', user: { name } });
const group = (name: string): FlowSubject => ({ kind: 'Group', group: { name } });
const kubeSystemAccounts: FlowSubject = { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } };
const everyone = [group('system:unauthenticated'), group('system:authenticated')];

const allResources = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const anything = {
  resourceRules: [allResources],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};

interface Schema {
  readonly level: string;
  readonly precedence: number;
  readonly by?: 'ByUser' | 'ByNamespace';
  readonly subjects: readonly FlowSubject[];
  readonly rules?: Omit<Rules, 'subjects'>;
}

const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

const SCHEMAS: Readonly<Record<string, Schema>> = {
  exempt: { level: 'exempt', precedence: 1, subjects: [group('system:masters')] },
  probes: {
    level: 'exempt',
    precedence: 2,
    subjects: everyone,
    rules: { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  },
  'system-leader-election': {
    level: 'leader-election',
    precedence: 100,
    by: 'ByUser',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), kubeSystemAccounts],
    rules: { resourceRules: [{ verbs: ['get', 'create', 'update'], ...leases }] },
  },
  'system-node-high': {
    level: 'node-high',
    precedence: 400,
    by: 'ByUser',
    subjects: [group('system:nodes')],
    rules: {
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { verbs: ['*'], ...leases },
      ],
    },
  },
  'system-nodes': { level: 'system', precedence: 500, by: 'ByUser', subjects: [group('system:nodes')] },
  'kube-controller-manager': {
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    subjects: [user('system:kube-controller-manager')],
  },
  'kube-scheduler': { level: 'workload-high', precedence: 800, by: 'ByNamespace', subjects: [user('system:kube-scheduler')] },
  'kube-system-service-accounts': { level: 'workload-high', precedence: 900, by: 'ByNamespace', subjects: [kubeSystemAccounts] },
  'service-accounts': { level: 'workload-low', precedence: 9000, by: 'ByUser', subjects: [group('system:serviceaccounts')] },
  'global-default': { level: 'global-default', precedence: 9900, by: 'ByUser', subjects: everyone },
  'catch-all': { level: 'catch-all', precedence: 10000, by: 'ByUser', subjects: everyone },
};

const metadata = (name: string): Manifest<FlowSchema>['metadata'] => ({
  name,
  generation: 1,
  annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' },
});

/** @param now milliseconds since 1970 */
export function flowSchemas(now: number): Manifest<FlowSchema>[] {
  return Object.entries(SCHEMAS).map(([name, { level, precedence, by, subjects, rules = anything }]) => ({
    apiVersion: API_VERSION,
    kind: 'FlowSchema',
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by ? { distinguisherMethod: { type: by } } : {}),
      rules: [{ subjects: [...subjects], ...rules }],
    },
    status: {
      conditions: [
        {
          type: 'Dangling',
          status: 'False',
          lastTransitionTime: formatTime(now),
          reason: 'Found',
          message: `This FlowSchema references the PriorityLevelConfiguration object named "${level}" and it exists`,
        },
      ],
    },
  }));
}

/** Shares, how much may be lent (per cent), and of queues: how many, and how many of them a flow is dealt. */
const LEVELS: Readonly<Record<string, { shares: number; lendable: number; queues?: number; hand?: number }>> = {
  'catch-all': { shares: 5, lendable: 0 },
  'global-default': { shares: 20, lendable: 50, queues: 128, hand: 6 },
  'leader-election': { shares: 10, lendable: 0, queues: 16, hand: 4 },
  'node-high': { shares: 40, lendable: 25, queues: 64, hand: 6 },
  system: { shares: 30, lendable: 33, queues: 64, hand: 6 },
  'workload-high': { shares: 40, lendable: 50, queues: 128, hand: 6 },
  'workload-low': { shares: 100, lendable: 90, queues: 128, hand: 6 },
};
const QUEUE_LENGTH = 50;

function limited({ shares, lendable, queues, hand }: (typeof LEVELS)[string]): LimitedPriorityLevelConfiguration {
  const limitResponse = queues
    ? { type: 'Queue', queuing: { queues, handSize: hand, queueLengthLimit: QUEUE_LENGTH } }
    : { type: 'Reject' };
  return { nominalConcurrencyShares: shares, limitResponse, lendablePercent: lendable } as LimitedPriorityLevelConfiguration;
}

export function priorityLevels(): Manifest<PriorityLevelConfiguration>[] {
  const level = (name: string, spec: PriorityLevelConfiguration['spec']): Manifest<PriorityLevelConfiguration> => ({
    apiVersion: API_VERSION,
    kind: 'PriorityLevelConfiguration',
    metadata: metadata(name),
    spec,
    status: {},
  });
  return [
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    ...Object.entries(LEVELS).map(([name, numbers]) => level(name, { type: 'Limited', limited: limited(numbers) })),
  ];
}
