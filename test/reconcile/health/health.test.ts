// Each rule of health: an object and its verdict. The cases are those that Argo CD and kstatus tell apart.
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { healthOf, withoutOperator, worst } from '../../../src/reconcile/health/health.ts';

const object = (apiVersion: string, kind: string, parts: object): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 },
  ...parts,
});
const condition = (type: string, status: string, reason = '', message = ''): object => ({ type, status, reason, message });

type Row = readonly [situation: string, apiVersion: string, kind: string, parts: object, verdict: string];
const ROWS: readonly Row[] = [
  [
    'not seen by its controller yet',
    'apps/v1',
    'Deployment',
    { spec: { replicas: 2 }, status: { observedGeneration: 1 } },
    'Progressing: waiting for the change to be observed',
  ],
  ['paused', 'apps/v1', 'Deployment', { spec: { paused: true }, status: {} }, 'Suspended: the rollout is paused'],
  [
    'too few updated',
    'apps/v1',
    'Deployment',
    { spec: { replicas: 3 }, status: { observedGeneration: 2, updatedReplicas: 1 } },
    'Progressing: 1 out of 3 new replicas have been updated',
  ],
  [
    'old ones left',
    'apps/v1',
    'Deployment',
    { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 4, updatedReplicas: 3 } },
    'Progressing: 1 old replicas are pending termination',
  ],
  [
    'not available',
    'apps/v1',
    'Deployment',
    { spec: { replicas: 3 }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 2 } },
    'Progressing: 2 of 3 updated replicas are available',
  ],
  [
    'complete',
    'apps/v1',
    'Deployment',
    { spec: { replicas: 1 }, status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
    'Healthy: ',
  ],
  [
    'past its deadline',
    'apps/v1',
    'Deployment',
    { spec: {}, status: { observedGeneration: 2, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] } },
    'Degraded: exceeded its progress deadline',
  ],
  [
    'pods not ready',
    'apps/v1',
    'StatefulSet',
    { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas: 1 } },
    'Progressing: waiting for 2 pods to be ready',
  ],
  [
    'a partition keeps the rest',
    'apps/v1',
    'StatefulSet',
    {
      spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      status: { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1 },
    },
    'Healthy: 1 new pods have been updated; the partition keeps the rest',
  ],
  [
    'on delete',
    'apps/v1',
    'StatefulSet',
    {
      spec: { replicas: 1, updateStrategy: { type: 'OnDelete' } },
      status: { observedGeneration: 2, readyReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
    },
    'Healthy: ',
  ],
  [
    'daemons not available',
    'apps/v1',
    'DaemonSet',
    { spec: {}, status: { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 1 } },
    'Progressing: 1 of 3 updated pods are available',
  ],
  [
    'cannot make pods',
    'apps/v1',
    'ReplicaSet',
    {
      spec: { replicas: 1 },
      status: { observedGeneration: 2, conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'quota')] },
    },
    'Degraded: quota',
  ],
  [
    'failed',
    'batch/v1',
    'Job',
    { spec: {}, status: { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded', 'too often')] } },
    'Degraded: too often',
  ],
  ['complete', 'batch/v1', 'Job', { spec: {}, status: { conditions: [condition('Complete', 'True')] } }, 'Healthy: '],
  ['suspended', 'batch/v1', 'Job', { spec: { suspend: true } }, 'Suspended: the job is suspended'],
  [
    'running',
    'batch/v1',
    'Job',
    { spec: { completions: 2 }, status: { active: 1, succeeded: 1 } },
    'Progressing: 1 of 2 pods have succeeded, 1 running',
  ],
  [
    'its last run failed',
    'batch/v1',
    'CronJob',
    { spec: {}, status: { lastScheduleTime: '2026-01-02T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:00:00Z' } },
    'Degraded: its last run did not succeed',
  ],
  ['ready', 'v1', 'Pod', { spec: {}, status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }, 'Healthy: '],
  [
    'crashing',
    'v1',
    'Pod',
    { spec: {}, status: { phase: 'Running', containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }] } },
    'Degraded: container a: CrashLoopBackOff',
  ],
  [
    'not scheduled',
    'v1',
    'Pod',
    { spec: {}, status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable', 'no room')] } },
    'Progressing: no room',
  ],
  [
    'killed for memory',
    'v1',
    'Pod',
    {
      spec: {},
      status: { phase: 'Failed', containerStatuses: [{ name: 'a', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }] },
    },
    'Degraded: OOMKilled',
  ],
  ['a task that runs', 'v1', 'Pod', { spec: { restartPolicy: 'Never' }, status: { phase: 'Running' } }, 'Progressing: running'],
  [
    'without an address',
    'v1',
    'Service',
    { spec: { type: 'LoadBalancer' } },
    'Progressing: waiting for the load balancer to have an address',
  ],
  ['inside the cluster', 'v1', 'Service', { spec: { type: 'ClusterIP' } }, 'Healthy: '],
  ['lost', 'v1', 'PersistentVolumeClaim', { spec: {}, status: { phase: 'Lost' } }, 'Degraded: its volume is lost'],
  ['not bound', 'v1', 'PersistentVolumeClaim', { spec: {}, status: { phase: 'Pending' } }, 'Progressing: waiting for a volume'],
  [
    'established',
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    { status: { conditions: [condition('Established', 'True')] } },
    'Healthy: ',
  ],
  [
    'names taken',
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    { status: { conditions: [condition('NamesAccepted', 'False', 'PluralConflict', 'taken')] } },
    'Degraded: taken',
  ],
  [
    'without metrics',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    { spec: {}, status: { conditions: [condition('ScalingActive', 'False', 'FailedGetResourceMetric')] } },
    'Healthy: ',
  ],
  [
    'a custom resource that is behind',
    'example.com/v1',
    'Widget',
    { status: { observedGeneration: 1 } },
    'Progressing: its controller has not seen the latest change',
  ],
  [
    'a custom resource that is not ready',
    'example.com/v1',
    'Widget',
    { status: { conditions: [condition('Ready', 'False', 'Waiting', 'for parts')] } },
    'Progressing: for parts',
  ],
  [
    'a custom resource that is stalled',
    'example.com/v1',
    'Widget',
    { status: { conditions: [condition('Stalled', 'True', '', 'no parts')] } },
    'Degraded: no parts',
  ],
  ['a custom resource that says nothing', 'example.com/v1', 'Widget', {}, 'Healthy: '],
  ['what has no state', 'v1', 'ConfigMap', {}, 'Healthy: '],
];

describe('health', () => {
  test.each(ROWS)('%s: %s %s', (_situation, apiVersion, kind, parts, verdict) => {
    const { status, message } = healthOf(object(apiVersion, kind, parts));
    expect(`${status}: ${message}`).toBe(verdict);
  });

  test('whatever is on its way out is progressing', () => {
    const dying = object('v1', 'ConfigMap', {});
    expect(healthOf({ ...dying, metadata: { ...dying.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }).status).toBe('Progressing');
  });

  test('a claim that waits for its first consumer holds nobody up', () => {
    const claim = object('v1', 'PersistentVolumeClaim', { spec: {}, status: { phase: 'Pending' } });
    expect(healthOf(claim, { waitsForConsumer: () => true }).status).toBe('Healthy');
  });

  test('the health of all is that of the worst', () => {
    expect(worst(['Healthy', 'Progressing', 'Suspended'])).toBe('Progressing');
    expect(worst(['Degraded', 'Missing', 'Healthy'])).toBe('Degraded');
    expect(worst([])).toBe('Healthy');
  });
});

describe('where no operator runs', () => {
  const alone = (given: KubernetesObject): string => withoutOperator(healthOf(given), given).status;
  test.each<readonly [situation: string, given: KubernetesObject, status: string]>([
    ['a custom resource that waits for its status is well', object('cert-manager.io/v1', 'Certificate', { spec: {} }), 'Healthy'],
    [
      'one whose status says that it is on its way is as it says',
      object('cert-manager.io/v1', 'Certificate', { status: { conditions: [condition('Issuing', 'True')] } }),
      'Progressing',
    ],
    ['a kind of Kubernetes waits for its controller', object('apps/v1', 'Deployment', { spec: { replicas: 1 } }), 'Progressing'],
  ])('%s', (_, given, status) => {
    expect(alone(given)).toBe(status);
  });
});
