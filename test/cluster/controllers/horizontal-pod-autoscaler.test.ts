import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import { decide, missingMetric } from '../../../src/cluster/controllers/horizontal-pod-autoscaler.ts';
import { NAMESPACE, startedCluster, stored, template, told } from './harness.ts';

const hpa = (minReplicas: number, maxReplicas: number): HorizontalPodAutoscaler =>
  stored<HorizontalPodAutoscaler>({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: { minReplicas, maxReplicas, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  });

describe('reconcileAutoscaler', () => {
  test.each([
    { situation: 'at zero it is off', current: 0, expected: { is: 'disabled' } },
    { situation: 'below the least', current: 1, expected: { is: 'rescale', replicas: 2 } },
    { situation: 'above the most', current: 9, expected: { is: 'rescale', replicas: 4 } },
    { situation: 'in between metrics decide', current: 3, expected: { is: 'metrics' } },
  ])('$situation', ({ current, expected }) => {
    expect(decide(hpa(2, 4), current)).toMatchObject(expected);
  });

  test('a missing metric is told as on a cluster without metrics-server', () => {
    const metric = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
    expect(missingMetric(metric)).toEqual({
      reason: 'FailedGetResourceMetric',
      message:
        'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
    });
  });
});

test('a Deployment is brought within its bounds', async () => {
  const cluster = await startedCluster();
  const { client, clock } = cluster;
  const metadata = { name: 'web', namespace: NAMESPACE };
  const spec = { replicas: 7, selector: { matchLabels: { app: 'web' } }, template: template() };
  await client.create('apps/v1/Deployment', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
  await client.create('autoscaling/v2/HorizontalPodAutoscaler', { ...hpa(2, 4), metadata });
  await clock.advance(2000);
  expect((await client.get('apps/v1/Deployment', 'web', { namespace: NAMESPACE })).spec.replicas).toBe(4);
  expect(await told(cluster, 'HorizontalPodAutoscaler')).toContain(
    'SuccessfulRescale: New size: 4; reason: Current number of replicas above Spec.MaxReplicas',
  );
  await cluster.stop();
});
