import { describe, expect, test } from 'vitest';
import { kubeletCluster, podOn } from './cluster.ts';

describe('a pod over time', () => {
  test('its image is pulled, it starts, and it is ready', async () => {
    const { create, watch, told, errors, get } = await kubeletCluster();
    await create(podOn('x'));
    expect(await watch('x', 0.1, 1.2, 2)).toEqual([
      '0.1s Pending ready=False app:ContainerCreating/0',
      '1.2s Pending ready=False app:ContainerCreating/0',
      '2s Running ready=True app:running/0',
    ]);
    expect(errors).toEqual([]);
    expect(await told()).toEqual([
      'Pulling: Pulling image "example.test/app:1"',
      'Pulled: Successfully pulled image "example.test/app:1" in 1s (1s including waiting). Image size: 50000000 bytes.',
      'Created: Container created',
      'Started: Container started',
    ]);
    const { status } = await get('x');
    expect(status?.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(status?.podIP).toBe('10.128.0.2');
  });

  test('a deleted pod is stopped, and then gone', async () => {
    const { create, watch, client, errors, told } = await kubeletCluster();
    await create(podOn('x'));
    await watch('x', 2);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 2.2, 3)).toEqual(['2.2s Running ready=True app:running/0', '3s gone']);
    expect(errors).toEqual([]);
    expect((await told()).at(-1)).toBe('Killing: Stopping container app');
  });
});

describe('an image that changes in place', () => {
  const another = { spec: { containers: [{ name: 'app', image: 'example.test/app:2' }] } };

  test('restarts the container, whatever the policy, without a pause', async () => {
    const { create, watch, client, told, errors, get } = await kubeletCluster();
    await create(podOn('x', { restartPolicy: 'Never' }));
    await watch('x', 3);
    await client.patch('v1/Pod', 'x', another, { type: 'strategic', namespace: 'default' });
    expect(await watch('x', 3.4, 6)).toEqual(['3.4s Running ready=True app:running/0', '6s Running ready=True app:running/1']);
    expect(errors).toEqual([]);
    expect((await told()).slice(4)).toEqual([
      'Killing: Container app definition changed, will be restarted',
      'Pulling: Pulling image "example.test/app:2"',
      'Pulled: Successfully pulled image "example.test/app:2" in 1s (1s including waiting). Image size: 50000000 bytes.',
    ]);
    const [status] = (await get('x')).status?.containerStatuses ?? [];
    expect(status).toMatchObject({ image: 'example.test/app:2', restartCount: 1 });
    expect(status?.lastState?.terminated).toBeDefined();
  });

  test('and the pod can be deleted meanwhile', async () => {
    const { create, watch, client, errors } = await kubeletCluster();
    await create(podOn('x'));
    await watch('x', 3);
    await client.patch('v1/Pod', 'x', another, { type: 'strategic', namespace: 'default' });
    await watch('x', 4);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 6)).toEqual(['6s gone']);
    expect(errors).toEqual([]);
  });

  test('lets a pod start whose image was wrong', async () => {
    const { create, watch, client } = await kubeletCluster();
    await create(podOn('x', {}, { annotations: { 'jibe.dev/behaviour-pull-error': 'not found' } }));
    await watch('x', 3);
    const annotations = { 'jibe.dev/behaviour-pull-error': null };
    await client.patch('v1/Pod', 'x', { metadata: { annotations }, ...another }, { type: 'strategic', namespace: 'default' });
    expect(await watch('x', 6)).toEqual(['6s Running ready=True app:running/0']);
  });
});

const main = (over: object) => ({ containers: [{ name: 'app', image: 'example.test/app:1', ...over }] });

/** Pulled at 1 s, started at 1.5 s, unless said otherwise. */
const cases: readonly {
  readonly situation: string;
  readonly pod: Parameters<typeof podOn>;
  readonly at: readonly number[];
  readonly shows: readonly string[];
  readonly tells?: readonly string[];
}[] = [
  {
    situation: 'restartPolicy Never: a command that succeeds ends the pod',
    pod: ['x', { ...main({ command: ['sh', '-c', 'echo hi; sleep 2'] }), restartPolicy: 'Never' }],
    at: [2, 4],
    shows: ['2s Running ready=True app:running/0', '4s Succeeded ready=False app:Completed(0)/0'],
  },
  {
    situation: 'restartPolicy Never: one that fails fails it',
    pod: ['x', { ...main({ command: ['sh', '-c', 'sleep 1; exit 3'] }), restartPolicy: 'Never' }],
    at: [3],
    shows: ['3s Failed ready=False app:Error(3)/0'],
  },
  {
    situation: 'OnFailure: restarted until it succeeds, here never: at once, then after 10 s, 20 s, 40 s',
    pod: ['x', { ...main({ command: ['false'] }), restartPolicy: 'OnFailure' }],
    at: [1.9, 2.3, 12.9, 33.4],
    shows: [
      '1.9s Running ready=False app:Error(1)/0',
      '2.3s Running ready=False app:CrashLoopBackOff/1',
      '12.9s Running ready=False app:CrashLoopBackOff/2',
      '33.4s Running ready=False app:CrashLoopBackOff/3',
    ],
    tells: ['BackOff: Back-off restarting failed container app in pod x_default(<uid>)'],
  },
  {
    situation: 'Always: a command that succeeds is run again too',
    pod: ['x', main({ command: ['true'] })],
    at: [2.3],
    shows: ['2.3s Running ready=False app:CrashLoopBackOff/1'],
  },
  {
    situation: 'init containers run one after the other before the others',
    pod: [
      'x',
      {
        initContainers: [
          { name: 'one', image: 'i:1', command: ['sleep', '2'] },
          { name: 'two', image: 'i:1', command: ['sleep', '2'] },
        ],
      },
    ],
    at: [2, 4, 8],
    shows: [
      '2s Pending ready=False one:running/0 two:PodInitializing/0 app:PodInitializing/0',
      '4s Pending ready=False one:Completed(0)/0 two:running/0 app:PodInitializing/0',
      '8s Running ready=True one:Completed(0)/0 two:Completed(0)/0 app:running/0',
    ],
  },
  {
    situation: 'an init container that fails under Never fails the pod',
    pod: ['x', { initContainers: [{ name: 'one', image: 'i:1', command: ['false'] }], restartPolicy: 'Never' }],
    at: [3],
    shows: ['3s Failed ready=False one:Error(1)/0 app:PodInitializing/0'],
  },
  {
    situation: 'a sidecar starts first, and does not keep the pod from ending',
    pod: [
      'x',
      {
        initContainers: [{ name: 'side', image: 'i:1', restartPolicy: 'Always' }],
        ...main({ command: ['sleep', '1'] }),
        restartPolicy: 'Never',
      },
    ],
    at: [1.6, 3.2, 6],
    shows: [
      '1.6s Pending ready=False side:running/0 app:PodInitializing/0',
      '3.2s Running ready=True side:running/0 app:running/0',
      '6s Succeeded ready=False side:Completed(0)/0 app:Completed(0)/0',
    ],
  },
  {
    situation: 'a readiness probe counts from its delay on, at its period',
    pod: [
      'x',
      main({ readinessProbe: { httpGet: { path: '/ok', port: 80 }, initialDelaySeconds: 2, periodSeconds: 5 } }),
      { annotations: { 'jibe.dev/behaviour-ready': '4s' } },
    ],
    at: [3, 5, 8.4, 8.6],
    shows: [
      '3s Running ready=False app:running/0',
      '5s Running ready=False app:running/0',
      '8.4s Running ready=False app:running/0',
      '8.6s Running ready=True app:running/0',
    ],
    tells: ['Unhealthy: Readiness probe failed: Get "http://10.128.0.2:80/ok": dial tcp 10.128.0.2:80: connect: connection refused'],
  },
  {
    situation: 'a startup probe holds the others back; too many failures restart the container',
    pod: [
      'x',
      main({ startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 3 } }),
      { annotations: { 'jibe.dev/behaviour-ready': '30s' } },
    ],
    at: [2, 4.9],
    shows: ['2s Running ready=False app:running/0', '4.9s Running ready=False app:running/1'],
    tells: ['Killing: Container app failed startup probe, will be restarted'],
  },
  {
    situation: 'liveness failures restart the container',
    pod: [
      'x',
      main({ livenessProbe: { exec: { command: ['x'] }, periodSeconds: 1, failureThreshold: 2 } }),
      { annotations: { 'jibe.dev/behaviour': '{"unhealthy": "5s"}' } },
    ],
    at: [6, 9],
    shows: ['6s Running ready=True app:running/0', '9s Running ready=True app:running/1'],
    tells: ['Killing: Container app failed liveness probe, will be restarted'],
  },
  {
    situation: 'an image that cannot be pulled is tried again with growing pauses',
    pod: ['x', {}, { annotations: { 'jibe.dev/behaviour-pull-error': 'not found' } }],
    at: [1.1, 3, 12],
    shows: [
      '1.1s Pending ready=False app:ErrImagePull/0',
      '3s Pending ready=False app:ImagePullBackOff/0',
      '12.2s Pending ready=False app:ErrImagePull/0',
    ].map((s) => s.replace('12.2s', '12s')),
    tells: [
      'Failed: Failed to pull image "example.test/app:1": not found',
      'Failed: Error: ErrImagePull',
      'BackOff: Back-off pulling image "example.test/app:1"',
      'Failed: Error: ImagePullBackOff',
    ],
  },
  {
    situation: 'a missing ConfigMap of the environment keeps the container from being made',
    pod: ['x', main({ envFrom: [{ configMapRef: { name: 'missing' } }] })],
    at: [2],
    shows: ['2s Pending ready=False app:CreateContainerConfigError/0'],
    tells: ['Failed: Error: configmap "missing" not found'],
  },
  {
    situation: 'a missing Secret of a volume keeps the pod from starting',
    pod: ['x', { volumes: [{ name: 'v', secret: { secretName: 'missing' } }] }],
    at: [2],
    shows: ['2s Pending ready=False app:ContainerCreating/0'],
    tells: ['FailedMount: MountVolume.SetUp failed for volume "v" : secret "missing" not found'],
  },
  {
    situation: 'a deadline ends the pod',
    pod: ['x', { activeDeadlineSeconds: 5 }],
    at: [4, 6],
    shows: ['4s Running ready=True app:running/0', '6s Failed ready=False app:Completed(0)/0'],
    tells: ['DeadlineExceeded: Pod was active on the node longer than the specified deadline'],
  },
  {
    situation: 'more than the node has is refused',
    pod: ['x', main({ resources: { requests: { cpu: '5' } } })],
    at: [1],
    shows: ['1s Failed ready=False app:ContainerCreating/0'],
    tells: ["OutOfcpu: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000"],
  },
];

describe('pod lifecycle', () => {
  test.each(cases)('$situation', async ({ pod, at, shows, tells = [] }) => {
    const { create, watch, told, errors, get } = await kubeletCluster();
    await create(podOn(...pod));
    expect(await watch('x', ...at)).toEqual(shows);
    expect(errors).toEqual([]);
    const { uid } = (await get('x')).metadata;
    expect((await told()).map((t) => t.replace(uid, '<uid>'))).toEqual(expect.arrayContaining([...tells]));
  });

  test('readiness gates: others say when the pod is ready', async () => {
    const { create, watch, get, client } = await kubeletCluster();
    await create(podOn('x', { readinessGates: [{ conditionType: 'example.test/ok' }] }));
    await watch('x', 3);
    const ready = async () => (await get('x')).status?.conditions?.find((c) => c.type === 'Ready');
    expect(await ready()).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "example.test/ok" does not exist.',
    });
    const patch = { status: { conditions: [{ type: 'example.test/ok', status: 'True' }] } };
    await client.patch('v1/Pod', 'x', patch, { type: 'strategic', namespace: 'default', subresource: 'status' });
    await watch('x', 4);
    expect((await ready())?.status).toBe('True');
    expect((await ready())?.reason).toBeUndefined();
  });

  test('a pod whose configuration arrives starts', async () => {
    const { create, watch, client } = await kubeletCluster();
    await create(podOn('x', { volumes: [{ name: 'v', configMap: { name: 'late' } }] }));
    await watch('x', 20);
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: 'default' } });
    expect(await watch('x', 22)).toEqual(['22s Running ready=True app:running/0']);
  });

  test('preStop, then SIGTERM, then SIGKILL when the grace period is over', async () => {
    const { create, watch, client } = await kubeletCluster();
    const stubborn = main({ command: ['sleep', '1000'], lifecycle: { preStop: { sleep: { seconds: 3 } } } });
    await create(podOn('x', { ...stubborn, terminationGracePeriodSeconds: 10 }));
    await watch('x', 2);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 11.9, 12.1)).toEqual(['11.9s Running ready=True app:running/0', '12.1s gone']);
  });

  test('a pod that is deleted while its image is pulled does not wait for it', async () => {
    const { create, watch, client, errors } = await kubeletCluster();
    await create(podOn('x', {}, { annotations: { 'jibe.dev/behaviour-pull': '1h' } }));
    await watch('x', 5);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 6)).toEqual(['6s gone']);
    expect(errors).toEqual([]);
  });

  test('logs are kept for the container and the one before', async () => {
    const { create, watch, get, runtime } = await kubeletCluster();
    await create(podOn('x', main({ command: ['sh', '-c', 'echo hello; sleep 1; exit 1'] })));
    await watch('x', 3.5);
    const { uid } = (await get('x')).metadata;
    expect(runtime.logs(uid, 'app')?.map((l) => l.text)).toEqual(['hello']);
    expect(runtime.logs(uid, 'app', { previous: true })?.map((l) => l.text)).toEqual(['hello']);
    expect(runtime.logs(uid, 'other')).toBeUndefined();
  });

  test('a grace period that is shortened counts at once', async () => {
    const { create, watch, client } = await kubeletCluster();
    await create(podOn('x', { ...main({ command: ['sleep', '1000'] }), terminationGracePeriodSeconds: 600 }));
    await watch('x', 2);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    await watch('x', 10);
    await client.delete('v1/Pod', 'x', { namespace: 'default', gracePeriodSeconds: 20 });
    expect(await watch('x', 29.9, 30.1)).toEqual(['29.9s Running ready=True app:running/0', '30.1s gone']);
  });

  test('a pod that is taken away by force leaves nothing running', async () => {
    const { create, watch, client, get, runtime, clock, errors } = await kubeletCluster();
    await create(podOn('x', main({ command: ['sleep', '1000'] })));
    await watch('x', 2);
    const { uid } = (await get('x')).metadata;
    await client.delete('v1/Pod', 'x', { namespace: 'default', gracePeriodSeconds: 0 });
    await clock.advance(1);
    expect(runtime.logs(uid, 'app')).toBeUndefined();
    await create(podOn('x'));
    expect(await watch('x', 5)).toEqual(['5s Running ready=True app:running/0']);
    expect(errors).toEqual([]);
  });

  test('what a Job runs is done after a second, unless it says something else', async () => {
    const { create, watch } = await kubeletCluster();
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true }];
    await create(podOn('x', { restartPolicy: 'Never' }, { ownerReferences }));
    await create(podOn('y', { ...main({ command: ['sleep', '5'] }), restartPolicy: 'Never' }, { ownerReferences }));
    expect(await watch('x', 2.2, 2.6)).toEqual(['2.2s Running ready=True app:running/0', '2.6s Succeeded ready=False app:Completed(0)/0']);
    expect(await watch('y', 6)).toEqual(['6s Running ready=True app:running/0']);
  });
});
