// Pods through a whole API server: bound once, evicted within budgets, and gone at once only where no kubelet has to end them.
import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec } from '#api/core/v1';
import type { PodDisruptionBudgetStatus } from '#api/policy/v1';
import type { StatusError } from '../../../../src/apimachinery/status-error.ts';
import type { Client } from '../../../../src/client/client.ts';
import { inProcess, namespace, refusal } from '../in-process.ts';

const LABELS = { app: 'web' };
const POD_LABELS = { ...LABELS, version: '2' };

const createPod = (client: Client, spec: Partial<PodSpec> = {}): Promise<Pod> =>
  client.create('v1/Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace, labels: POD_LABELS },
    spec: { containers: [{ name: 'c', image: 'nginx:1' }], ...spec },
  });

const getPod = (client: Client): Promise<Pod> => client.get('v1/Pod', 'web', { namespace });

const setStatus = async (client: Client, status: object): Promise<unknown> =>
  client.patch('v1/Pod', 'web', { status }, { type: 'merge', namespace, subresource: 'status' });

const SINCE = { lastTransitionTime: '2026-01-01T00:00:00Z' };
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

const bind = (client: Client, metadata: object = {}, target: object = { kind: 'Node', name: 'node-1' }): Promise<unknown> =>
  client.create('v1/Pod', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', namespace, ...metadata }, target } as never, {
    subresource: 'binding',
  });

describe('binding', () => {
  it('gives the pod its node, annotations, and the labels it has not', async () => {
    const { client } = await inProcess();
    await createPod(client);
    await bind(client, { labels: { app: 'other', zone: 'a' }, annotations: { why: 'free' } });
    const { spec, metadata, status } = await getPod(client);
    expect(spec.nodeName).toBe('node-1');
    expect(metadata.labels).toEqual({ ...POD_LABELS, zone: 'a' });
    expect(metadata.annotations).toEqual({ why: 'free' });
    expect(status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
  });

  it.each<[string, Partial<PodSpec>, object, string]>([
    [
      'already has a node',
      { nodeName: 'node-0' },
      {},
      '409 Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "node-0"',
    ],
    [
      'is gated',
      { schedulingGates: [{ name: 'example.com/wait' }] },
      {},
      '409 Operation cannot be fulfilled on pods/binding "web": pod web has non-empty .spec.schedulingGates',
    ],
    ['is another', {}, { uid: 'x' }, 'Precondition failed: UID in precondition: x'],
  ])('is refused where the pod %s', async (_, spec, metadata, message) => {
    const { client } = await inProcess();
    await createPod(client, spec);
    expect(await refusal(bind(client, metadata))).toContain(message);
    expect((await getPod(client)).spec.nodeName).toBe(spec.nodeName);
  });

  it('is refused where the target is no node', async () => {
    const { client } = await inProcess();
    await createPod(client);
    expect(await refusal(bind(client, {}, { kind: 'Pod', name: 'x' }))).toContain('target.kind: Unsupported value: "Pod"');
  });
});

describe('deletion', () => {
  it.each<[string, Partial<PodSpec>, object | undefined, number | undefined]>([
    ['without a node: at once', {}, undefined, undefined],
    ['succeeded: at once', { nodeName: 'n' }, { phase: 'Succeeded' }, undefined],
    ['failed: at once', { nodeName: 'n' }, { phase: 'Failed' }, undefined],
    ['running: after the default period', { nodeName: 'n' }, READY, 30],
    ['running: after its own period', { nodeName: 'n', terminationGracePeriodSeconds: 5 }, READY, 5],
  ])('of a pod that is %s', async (_, spec, status, gracePeriod) => {
    const { client } = await inProcess();
    await createPod(client, spec);
    if (status) await setStatus(client, status);
    await client.delete('v1/Pod', 'web', { namespace });
    if (gracePeriod === undefined) expect(await refusal(getPod(client))).toBe('404 pods "web" not found');
    else expect((await getPod(client)).metadata.deletionGracePeriodSeconds).toBe(gracePeriod);
  });
});

describe('eviction', () => {
  const evict = (client: Client): Promise<unknown> =>
    client.create('v1/Pod', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace } } as never, {
      subresource: 'eviction',
    });

  async function withBudget(client: Client, status: PodDisruptionBudgetStatus, name = 'budget', spec: object = {}): Promise<void> {
    await client.create('policy/v1/PodDisruptionBudget', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace },
      spec: { minAvailable: 1, selector: { matchLabels: LABELS }, ...spec },
    });
    await client.patch('policy/v1/PodDisruptionBudget', name, { status }, { type: 'merge', namespace, subresource: 'status' });
  }
  const budget = (disruptionsAllowed: number, observedGeneration = 1): PodDisruptionBudgetStatus => ({
    observedGeneration,
    disruptionsAllowed,
    currentHealthy: 1,
    desiredHealthy: 2,
    expectedPods: 2,
  });

  async function runningPod(client: Client, status: object = READY): Promise<void> {
    await createPod(client, { nodeName: 'n' });
    await setStatus(client, status);
  }

  it('deletes a pod that no budget is about, and says why', async () => {
    const { client } = await inProcess();
    await runningPod(client);
    await evict(client);
    const { metadata, status } = await getPod(client);
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
    );
  });

  it('takes one disruption of the budget', async () => {
    const { client } = await inProcess();
    await runningPod(client);
    await withBudget(client, budget(1));
    await evict(client);
    const { status } = await client.get('policy/v1/PodDisruptionBudget', 'budget', { namespace });
    expect(status?.disruptionsAllowed).toBe(0);
    expect(status?.disruptedPods).toEqual({ web: '2026-01-01T00:00:00Z' });
    expect((await getPod(client)).metadata.deletionTimestamp).toBeDefined();
  });

  it('is refused where nothing of the budget is left', async () => {
    const { client } = await inProcess();
    await runningPod(client);
    await withBudget(client, budget(0));
    expect(await refusal(evict(client))).toBe("429 Cannot evict pod as it would violate the pod's disruption budget.");
    expect((await getPod(client)).metadata.deletionTimestamp).toBeUndefined();
  });

  const blocked = (reason: string, message: string): object[] => [
    { type: 'DisruptionAllowed', status: 'False', reason, message, ...SINCE },
  ];
  it.each<[string, object, string]>([
    ['fewer are healthy than need be', {}, 'needs 2 healthy pods and has 1 currently'],
    ['nothing speaks against it', { desiredHealthy: 0 }, 'does not allow evicting pods currently'],
    [
      'the controller failed',
      { conditions: blocked('SyncFailed', 'no scale') },
      'does not allow evicting pods currently because it failed sync: no scale',
    ],
    [
      'the controller says more',
      { desiredHealthy: 0, conditions: blocked('Busy', 'later') },
      'does not allow evicting pods currently (Busy): later',
    ],
  ])('says why nothing is left where %s', async (_, status, why) => {
    const { client } = await inProcess();
    await runningPod(client);
    await withBudget(client, { ...budget(0), ...status });
    const error = await evict(client).catch((e: unknown) => e);
    expect((error as StatusError).status.details?.causes).toEqual([
      { reason: 'DisruptionBudget', message: `The disruption budget budget ${why}` },
    ]);
  });

  it('is refused where two budgets are about the pod', async () => {
    const { client } = await inProcess();
    await runningPod(client);
    await withBudget(client, budget(1));
    await withBudget(client, budget(1), 'another');
    expect(await refusal(evict(client))).toContain('500 This pod has more than one PodDisruptionBudget');
  });

  it('asks no budget about a pod that has not started', async () => {
    const { client } = await inProcess();
    await createPod(client, { nodeName: 'n' });
    await withBudget(client, budget(0));
    await evict(client);
    expect((await getPod(client)).metadata.deletionTimestamp).toBeDefined();
  });

  it('may always take a pod that is not ready, where the budget says so', async () => {
    const { client } = await inProcess();
    await runningPod(client, { phase: 'Running' });
    await withBudget(client, budget(0), 'budget', { unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    await evict(client);
    expect((await getPod(client)).metadata.deletionTimestamp).toBeDefined();
  });
});

describe('what the server makes of a new pod', () => {
  it('has a gate: it is not scheduled', async () => {
    const { client } = await inProcess();
    const { status } = await createPod(client, { schedulingGates: [{ name: 'example.com/wait' }] });
    expect(status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }]);
  });

  it('has label keys: they become requirements, where the pod has the labels', async () => {
    const { client } = await inProcess();
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: LABELS }, matchLabelKeys: ['version', 'absent'] };
    const { spec } = await createPod(client, {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    });
    expect(spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector).toEqual({
      matchLabels: LABELS,
      matchExpressions: [{ key: 'version', operator: 'In', values: ['2'] }],
    });
  });

  it('says a status of its own: it is not taken', async () => {
    const { client } = await inProcess();
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const { status } = await client.create('v1/Pod', { ...pod, status: { phase: 'Running', podIP: '10.0.0.1' } } as never);
    expect(status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });
});
