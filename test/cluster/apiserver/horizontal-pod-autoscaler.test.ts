// HorizontalPodAutoscalers in both of their versions: what one knows and the other does not is not lost on the way.
import { expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { inProcess, namespace } from './in-process.ts';

const V1 = 'autoscaling/v1/HorizontalPodAutoscaler';
const V2 = 'autoscaling/v2/HorizontalPodAutoscaler';
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const MEMORY = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } } as const;

const createV1 = (client: Client, annotations?: Record<string, string>): Promise<unknown> =>
  client.create(V1, {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace, ...(annotations ? { annotations } : {}) },
    spec: { maxReplicas: 4, targetCPUUtilizationPercentage: 70, scaleTargetRef },
  });

it('the percentage of version 1 is a metric of version 2', async () => {
  const { client } = await inProcess();
  await createV1(client);
  const { spec } = await client.get(V2, 'web', { namespace });
  expect(spec.metrics).toEqual([{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }]);
});

it('what version 1 has no field for stands in its annotations, and comes back from them', async () => {
  const { client } = await inProcess();
  await client.create(V2, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace },
    spec: { maxReplicas: 4, metrics: [MEMORY], scaleTargetRef, behavior: { scaleDown: { selectPolicy: 'Disabled' } } },
  });
  const before = await client.get(V2, 'web', { namespace });
  const v1 = await client.get(V1, 'web', { namespace });
  expect(JSON.parse(v1.metadata.annotations![METRICS]!)).toEqual([
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '500Mi' } },
  ]);
  await client.update(V1, { ...v1, spec: { ...v1.spec, maxReplicas: 5 } });
  const { spec } = await client.get(V2, 'web', { namespace });
  expect(spec).toEqual({ ...before.spec, maxReplicas: 5 });
});

it.each(['no JSON', '{"a":1}', '"text"', '[1, null, "x"]', '[{"type": 5}]', '[{"type":"Pods","pods":{"metricName":7}}]'])(
  'an annotation that is no list of metrics says nothing: %s',
  async (text) => {
    const { client } = await inProcess();
    await createV1(client, { [METRICS]: text, 'autoscaling.alpha.kubernetes.io/behavior': text });
    const { spec } = await client.get(V2, 'web', { namespace });
    expect(spec.metrics).toHaveLength(1);
  },
);
