// Nodes that are lost, budgets, quotas, autoscaling, and deletions that take their time.
import { describe, expect, test } from 'vitest';
import { MINUTE, NAMESPACE, readyOf, scenario, SECOND, selector, template, type World } from './world.ts';

const POD = 'v1/Pod';
const DEPLOYMENT = 'apps/v1/Deployment';

const web = (replicas: number, spec: object = {}) => ({ spec: { replicas, selector, template: template(spec) } });

async function running(world: World, replicas: number, spec: object = {}): Promise<void> {
  await world.make(DEPLOYMENT, 'web', web(replicas, spec));
  await world.until(async () => readyOf(await world.list(POD)).length === replicas);
}

describe('budgets', () => {
  test('a PodDisruptionBudget blocks a drain until what was evicted runs elsewhere', () =>
    scenario(async (world) => {
      await world.make('policy/v1/PodDisruptionBudget', 'web', { spec: { minAvailable: 2, selector } });
      await running(world, 3);
      await world.advance(5 * SECOND);
      for (const name of ['node-1', 'node-2', 'node-3']) await world.patch('v1/Node', name, { spec: { unschedulable: true } });
      const evict = async ({ metadata: { name } }: { readonly metadata: { readonly name: string } }): Promise<string> => {
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
        try {
          await world.client.create(POD, eviction as never, { subresource: 'eviction' });
          return 'evicted';
        } catch (error) {
          return (error as Error).message;
        }
      };
      const [first, second] = await world.list(POD);
      const blocked = "Cannot evict pod as it would violate the pod's disruption budget.";
      expect(await evict(first!)).toBe('evicted');
      expect(await evict(second!)).toBe(blocked);
      await world.advance(MINUTE);
      // its successor has no place yet
      expect(await evict(second!)).toBe(blocked);
      await world.patch('v1/Node', 'node-1', { spec: { unschedulable: null } });
      await world.advance(MINUTE);
      expect(await evict(second!)).toBe('evicted');
    }));
});

describe('a node that is lost', () => {
  const readyIn = (world: World, node: string) =>
    world.list(POD).then((pods) => readyOf(pods.filter((p) => p.spec.nodeName === node)).length);

  test('its pods are unready after 50 seconds, and made elsewhere after five minutes', () =>
    scenario(async (world) => {
      await running(world, 6);
      const there = await readyIn(world, 'node-1');
      expect(there).toBeGreaterThan(0);
      await world.lose('node-1');
      await world.advance(70 * SECOND);
      expect((await world.get('v1/Node', 'node-1')).spec?.taints?.map((t) => `${t.key} ${t.effect}`).sort()).toEqual([
        'node.kubernetes.io/unreachable NoExecute',
        'node.kubernetes.io/unreachable NoSchedule',
      ]);
      expect(await readyIn(world, 'node-1')).toBe(0);
      expect((await world.list(POD)).length).toBe(6);
      await world.advance(5 * MINUTE);
      const pods = await world.list(POD);
      expect(readyOf(pods)).toHaveLength(6);
      // nobody is there to say that the old ones have ended
      expect(pods.filter((p) => p.metadata.deletionTimestamp).map((p) => p.spec.nodeName)).toEqual(Array(there).fill('node-1'));
      expect(await world.told('Pod')).toContain('NodeNotReady: Node is not ready');
    }));

  test('out of service: what waits for it is let go of at once, and its volumes are attached elsewhere', () =>
    scenario(async (world) => {
      // a class whose volumes can be anywhere
      await world.make('storage.k8s.io/v1/StorageClass', 'anywhere', { provisioner: 'disk.example.test' });
      await world.make('v1/PersistentVolumeClaim', 'data', {
        spec: { storageClassName: 'anywhere', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      });
      await running(world, 1, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] });
      const node = (await world.list(POD))[0]!.spec.nodeName!;
      const attached = async () => (await world.list('storage.k8s.io/v1/VolumeAttachment')).map((a) => a.spec.nodeName);
      await world.lose(node);
      await world.advance(8 * MINUTE);
      // its pod is still there, and so is what it uses
      expect(readyOf(await world.list(POD))).toEqual([]);
      expect(await attached()).toEqual([node]);
      const { spec } = await world.get('v1/Node', node);
      const taint = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
      await world.patch('v1/Node', node, { spec: { taints: [...(spec?.taints ?? []), taint] } });
      await world.advance(2 * MINUTE);
      const pods = await world.list(POD);
      expect(readyOf(pods)).toHaveLength(1);
      expect(pods).toHaveLength(1);
      expect(await attached()).toEqual([pods[0]!.spec.nodeName]);
    }));
});

describe('quota', () => {
  test('exhausted: the ReplicaSet says so; freed: the rest is made', () =>
    scenario(async (world) => {
      await world.make('v1/ResourceQuota', 'few', { spec: { hard: { pods: '2' } } });
      await world.advance(SECOND);
      await world.make(DEPLOYMENT, 'web', web(3));
      await world.advance(MINUTE);
      const state = async () => {
        const { status } = await world.get(DEPLOYMENT, 'web');
        return `${status?.readyReplicas} ready, ${status?.conditions?.find((c) => c.type === 'ReplicaFailure')?.reason}`;
      };
      expect(await state()).toBe('2 ready, FailedCreate');
      expect((await world.get('v1/ResourceQuota', 'few')).status?.used).toEqual({ pods: '2' });
      await world.patch('v1/ResourceQuota', 'few', { spec: { hard: { pods: '3' } } });
      await world.advance(20 * MINUTE);
      expect(await state()).toBe('3 ready, undefined');
    }));
});

describe('autoscaling', () => {
  test('up at once with the load, down five minutes after it is gone', () =>
    scenario(async (world) => {
      const usage = (cpu: string) => ({ metadata: { annotations: { 'jibe.dev/behaviour-cpu': cpu } } });
      const containers = [{ name: 'app', image: 'example.test/app:1', resources: { requests: { cpu: '100m' } } }];
      await running(world, 2, { containers });
      const load = async (cpu: string) => {
        for (const pod of await world.list(POD)) await world.patch(POD, pod.metadata.name, usage(cpu));
      };
      await load('50m');
      await world.make('autoscaling/v2/HorizontalPodAutoscaler', 'web', {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas: 2,
          maxReplicas: 8,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
        },
      });
      const replicas = async () => (await world.get(DEPLOYMENT, 'web')).spec?.replicas;
      await world.advance(3 * MINUTE);
      expect(await replicas()).toBe(2);
      await load('100m');
      await world.advance(2 * MINUTE);
      const high = await replicas();
      expect(high).toBeGreaterThan(2);
      await load('1m');
      await world.advance(4 * MINUTE);
      expect(await replicas()).toBeGreaterThanOrEqual(high!);
      await world.advance(8 * MINUTE);
      expect(await replicas()).toBe(2);
    }));
});

describe('deletion', () => {
  test('a namespace waits for a finalizer in it, says so, and goes when that is gone', () =>
    scenario(async (world) => {
      await world.make('v1/Namespace', 'old', {});
      const metadata = { namespace: 'old', finalizers: ['example.test/stuck'] };
      await world.make('v1/ConfigMap', 'held', {}, metadata);
      await world.make('v1/Pod', 'web', { spec: template().spec }, { namespace: 'old' });
      await world.advance(10 * SECOND);
      await world.remove('v1/Namespace', 'old');
      await world.advance(2 * MINUTE);
      const { status } = await world.get('v1/Namespace', 'old');
      expect(status?.phase).toBe('Terminating');
      const told = status?.conditions?.filter((c) => c.status === 'True').map((c) => c.message);
      expect(told).toEqual([
        'Some resources are remaining: configmaps. has 1 resource instances',
        'Some content in the namespace has finalizers remaining: example.test/stuck in 1 resource instances',
      ]);
      await world.client.patch('v1/ConfigMap', 'held', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'old' });
      await world.advance(MINUTE);
      expect((await world.list('v1/Namespace')).map((n) => n.metadata.name)).not.toContain('old');
    }));

  test('foreground: a tree of 10,000 objects goes from its leaves to its root', () =>
    scenario(
      async (world) => {
        const kind = 'v1/ConfigMap';
        const own = (name: string, uid: string) => ({
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }],
        });
        const root = await world.make(kind, 'root', {});
        const owners = await Promise.all(
          Array.from({ length: 99 }, (_, i) => world.make(kind, `branch-${i}`, {}, own('root', root.metadata.uid))),
        );
        const leaves = owners.flatMap(({ metadata: { name, uid } }) =>
          Array.from({ length: 100 }, (_, i) => world.make(kind, `${name}-${i}`, {}, own(name, uid))),
        );
        await Promise.all(leaves);
        await world.clock.settle();
        const left = async () => (await world.list(kind)).filter((c) => c.metadata.name !== 'kube-root-ca.crt').length;
        expect(await left()).toBe(10_000);
        await world.remove(kind, 'root', { propagationPolicy: 'Foreground' });
        expect((await world.get(kind, 'root')).metadata.finalizers).toEqual(['foregroundDeletion']);
        await world.advance(MINUTE);
        expect(await left()).toBe(0);
      },
      { nodes: 0 },
    ));
});
