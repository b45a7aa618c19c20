import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { Service } from '#api/core/v1';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Cluster, type BehaviourDocument } from '../../../src/cluster/cluster.ts';
import { decide } from '../../../src/cluster/controllers/horizontal-pod-autoscaler.ts';
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

describe('in virtual time, with a metrics-server', () => {
  const NAME = { name: 'web', namespace: 'default' };
  const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };

  async function begun(behaviour: BehaviourDocument, spec: object) {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const cluster = await Cluster.start({ clock, random: new Random(1), behaviour });
    const client = cluster.client();
    await clock.advance(1000);
    const containers = [{ name: 'app', image: 'img', resources: { requests: { cpu: '100m' } } }];
    const labels = { app: 'web' };
    await client.create('apps/v1/Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: NAME,
      spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
    await client.create('autoscaling/v2/HorizontalPodAutoscaler', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: NAME,
      spec: { ...target, ...spec },
    } as Manifest<HorizontalPodAutoscaler>);
    const replicas = async (): Promise<number> =>
      (await client.get('apps/v1/Deployment', 'web', { namespace: 'default' })).spec.replicas ?? 0;
    const status = async () => {
      const { status: is } = await client.get('autoscaling/v2/HorizontalPodAutoscaler', 'web', { namespace: 'default' });
      const conditions = Object.fromEntries((is?.conditions ?? []).map(({ type, status: value, reason }) => [type, `${value} ${reason}`]));
      return { ...is, conditions };
    };
    return { cluster, client, clock, replicas, status };
  }

  const curve = (...points: readonly (readonly [after: string, value: string])[]): BehaviourDocument => ({
    rules: [{ when: { container: 'app' }, then: { usage: { cpu: { points: points.map(([after, value]) => ({ after, value })) } } } }],
  });
  const cpu = (averageUtilization: number) => [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
  ];

  test('load makes it go up at once, and down only after five minutes of less', async () => {
    // each pod is busy for its first four minutes
    const world = await begun(curve(['0s', '100%'], ['240s', '100%'], ['241s', '20%']), {
      minReplicas: 1,
      maxReplicas: 5,
      metrics: cpu(50),
    });
    const { clock, replicas, status, cluster } = world;
    await clock.advance(10_000);
    expect(await replicas()).toBe(2);
    expect((await status()).conditions).toMatchObject({
      AbleToScale: 'True SucceededGetScale',
      ScalingActive: 'False FailedGetResourceMetric',
    });
    await clock.advance(10_000);
    expect(await replicas()).toBe(4);
    await clock.advance(130_000);
    expect(await replicas()).toBe(5);
    const limited = await status();
    expect(limited.conditions).toEqual({
      AbleToScale: 'True ReadyForNewScale',
      ScalingActive: 'True ValidMetricFound',
      ScalingLimited: 'True TooManyReplicas',
    });
    expect(limited.currentMetrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '100m' } } },
    ]);
    await clock.advance(250_000);
    expect((await status()).conditions['AbleToScale']).toBe('True ScaleDownStabilized');
    expect(await replicas()).toBe(5);
    await clock.advance(300_000);
    expect(await replicas()).toBe(2);
    const messages = (await world.client.list('v1/Event', { namespace: 'default' })).items
      .filter(({ involvedObject, reason }) => involvedObject.kind === 'HorizontalPodAutoscaler' && reason === 'SuccessfulRescale')
      .map(({ message }) => message);
    expect(messages[0]).toBe('New size: 4; reason: cpu resource utilization (percentage of request) above target');
    expect(messages.at(-1)).toBe('New size: 2; reason: All metrics below target');
    await cluster.stop();
  });

  test('a container by itself, and a behaviour that goes down one pod a minute', async () => {
    const down = { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] };
    const metrics = [
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'app', target: { type: 'AverageValue', averageValue: '100m' } },
      },
    ];
    const { clock, replicas, status, cluster } = await begun(curve(['0s', '60m']), {
      minReplicas: 1,
      maxReplicas: 5,
      metrics,
      behavior: { scaleDown: down },
    });
    await clock.advance(15_000);
    await cluster.client().patch('apps/v1/Deployment', 'web', { spec: { replicas: 5 } }, { type: 'merge', namespace: 'default' });
    const seen: [size: number, second: number][] = [];
    for (let second = 0; second < 150; second += 5) {
      await clock.advance(5000);
      const size = await replicas();
      if (seen.at(-1)?.[0] !== size) seen.push([size, second]);
    }
    expect(seen.map(([size]) => size)).toEqual([5, 4, 3, 2].slice(0, seen.length));
    // each a minute after the one before, at the next look
    for (let i = 2; i < seen.length; i++) expect(seen[i]![1] - seen[i - 1]![1]).toBe(60);
    expect(seen.length).toBeGreaterThan(2);
    expect((await status()).currentMetrics).toEqual([
      { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'app', current: { averageValue: '60m' } } },
    ]);
    await cluster.stop();
  });

  test.each([
    {
      rule: 'pods metric',
      metric: { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } },
      reason: 'FailedGetPodsMetric',
      message:
        'the HPA was unable to compute the replica count: unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    },
    {
      rule: 'object metric',
      metric: {
        type: 'Object',
        object: {
          describedObject: { kind: 'Service', name: 'web', apiVersion: 'v1' },
          metric: { name: 'rps' },
          target: { type: 'Value', value: '10' },
        },
      },
      reason: 'FailedGetObjectMetric',
      message:
        'the HPA was unable to compute the replica count: unable to get metric rps: Service on default web/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    },
    {
      rule: 'external metric',
      metric: { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } },
      reason: 'FailedGetExternalMetric',
      message:
        'the HPA was unable to compute the replica count: unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    },
  ])('$rule where nobody serves it', async ({ metric, reason, message }) => {
    const { clock, status, client, cluster } = await begun({ rules: [] }, { maxReplicas: 5, metrics: [metric] });
    await clock.advance(20_000);
    const { conditions, currentMetrics } = await status();
    expect(conditions['ScalingActive']).toBe(`False ${reason}`);
    expect(currentMetrics).toEqual([{ type: '' }]);
    const hpa = await client.get('autoscaling/v2/HorizontalPodAutoscaler', 'web', { namespace: 'default' });
    expect(hpa.status?.conditions?.find(({ type }) => type === 'ScalingActive')?.message).toBe(message);
    await cluster.stop();
  });

  test('custom metrics of another server', async () => {
    const metric = { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } };
    const { clock, client, replicas, status, cluster } = await begun({ rules: [] }, { maxReplicas: 8, metrics: [metric] });
    await clock.advance(5000);
    const asked: string[] = [];
    cluster.server.backends.listen('172.30.0.99', 443, ({ url }) => {
      asked.push(url);
      const items = url.includes('/pods/')
        ? [0, 1].map((i) => ({
            describedObject: { name: podNames[i] },
            metric: { name: 'rps' },
            timestamp: '2026-01-01T00:00:30Z',
            value: '25',
          }))
        : [];
      const body = JSON.stringify(url.includes('/pods/') ? { kind: 'MetricValueList', items } : { kind: 'APIResourceList', resources: [] });
      return Promise.resolve({ code: 200, headers: { 'content-type': 'application/json' }, body });
    });
    const podNames = (await client.list('v1/Pod', { namespace: 'default' })).items.map(({ metadata }) => metadata.name);
    const metadata = { name: 'adapter', namespace: 'default' };
    await client.create('v1/Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ port: 443 }] },
    } as Manifest<Service>);
    await client.create('discovery.k8s.io/v1/EndpointSlice', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'adapter' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 443 }],
      endpoints: [{ addresses: ['172.30.0.99'] }],
    });
    await client.create('apiregistration.k8s.io/v1/APIService', {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta2.custom.metrics.k8s.io' },
      spec: {
        group: 'custom.metrics.k8s.io',
        version: 'v1beta2',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: metadata,
      },
    });
    await clock.advance(60_000);
    expect(asked).toContain('/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/rps?labelSelector=app%3Dweb');
    expect(await replicas()).toBeGreaterThanOrEqual(4);
    expect((await status()).conditions['ScalingActive']).toBe('True ValidMetricFound');
    await cluster.stop();
  });

  test('two that select the same pods: neither acts', async () => {
    const { clock, client, status, cluster } = await begun({ rules: [] }, { maxReplicas: 5, metrics: cpu(10) });
    const metadata = { name: 'other', namespace: 'default' };
    const spec = { ...target, maxReplicas: 9, metrics: cpu(10) };
    await client.create('autoscaling/v2/HorizontalPodAutoscaler', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec,
    });
    await clock.advance(5000);
    expect((await status()).conditions['ScalingActive']).toBe('False FailedGetResourceMetric');
    await clock.advance(15_000);
    expect((await status()).conditions['ScalingActive']).toBe('False AmbiguousSelector');
    const messages = (await client.list('v1/Event', { namespace: 'default' })).items.filter(({ reason }) => reason === 'AmbiguousSelector');
    expect(messages[0]?.message).toBe('pods by selector app=web are controlled by multiple HPAs: [{web default} {other default}]');
    await client.delete('autoscaling/v2/HorizontalPodAutoscaler', 'other', { namespace: 'default' });
    await clock.advance(15_000);
    expect((await status()).conditions['ScalingActive']).toBe('True ValidMetricFound');
    await cluster.stop();
  });
});
