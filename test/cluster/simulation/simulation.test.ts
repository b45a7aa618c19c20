// A whole cluster under faults, from seeds: all is well in the end, the same seed gives the same history, and what is spoilt is noticed.
import { describe, expect, test } from 'vitest';
import type { Lease } from '#api/coordination/v1';
import type { Pod } from '#api/core/v1';
import type { KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import type { Scenario, Step } from '../../../src/cluster/simulation/scenario.ts';
import { simulate, type SimulationOptions } from '../../../src/cluster/simulation/simulation.ts';
import type { Store } from '../../../src/cluster/storage/store.ts';

const SEEDS = Array.from({ length: 50 }, (_, i) => i + 1);

test.each(SEEDS)('seed %i ends as it should', async (seed) => {
  const { violations, timeline } = await simulate({ seed });
  expect(violations).toEqual([]);
  expect(timeline.at(-1)!.text).toBe('at rest');
});

test('the same seed gives the same history to the byte, another one another', async () => {
  const [once, again, other] = [await simulate({ seed: 7 }), await simulate({ seed: 7 }), await simulate({ seed: 8 })];
  expect(again).toEqual(once);
  expect(other.fingerprint).not.toBe(once.fingerprint);
});

const web = (replicas: number): Manifest<KubernetesObject> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'example.com/web:1' }] } },
  },
});
const service: Manifest<KubernetesObject> = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
};
const scenario = (...steps: readonly Step[]): Scenario => ({
  nodes: 2,
  steps: [{ do: 'apply', object: web(3) }, { do: 'apply', object: service }, { do: 'advance', ms: 30_000 }, ...steps],
});

describe('a node', () => {
  test('that loses power for long has its pods made elsewhere, and ends what is left when it comes back', async () => {
    const steps: Step[] = [
      { do: 'powerOff', node: 'node-1' },
      { do: 'advance', ms: 500_000 },
      { do: 'powerOn', node: 'node-1' },
    ];
    expect((await simulate({ seed: 1, scenario: scenario(...steps) })).violations).toEqual([]);
  });

  test('whose kubelet ends while a pod is taken away by force ends its containers when that begins again', async () => {
    const steps: Step[] = [
      { do: 'partition', node: 'node-1' },
      { do: 'delete', object: { kind: 'v1/Node', name: 'node-1' } },
      { do: 'advance', ms: 120_000 },
      { do: 'crash', process: 'node-1' },
      { do: 'advance', ms: 10_000 },
      { do: 'heal', node: 'node-1' },
    ];
    expect((await simulate({ seed: 1, scenario: scenario(...steps) })).violations).toEqual([]);
  });
});

test('a node that shuts down lets its pods end, and has pods again when it goes on', async () => {
  const steps: Step[] = [
    { do: 'shutDown', node: 'node-1' },
    { do: 'advance', ms: 40_000 },
    { do: 'powerOff', node: 'node-1' },
    { do: 'advance', ms: 90_000 },
    { do: 'powerOn', node: 'node-1' },
    { do: 'cancelShutDown', node: 'node-1' },
  ];
  expect((await simulate({ seed: 1, scenario: scenario(...steps) })).violations).toEqual([]);
});

describe('what is spoilt is noticed:', () => {
  async function violated(sabotage: SimulationOptions['sabotage'], ...steps: readonly Step[]): Promise<ReadonlySet<string>> {
    const { violations } = await simulate({ seed: 1, scenario: scenario(...steps), ...(sabotage ? { sabotage } : {}) });
    return new Set(violations.map(({ invariant }) => invariant));
  }

  test('a pod that is bound a second time', async () => {
    const found = await violated((_, store) => {
      let done = false;
      store.watch('/registry/pods/', store.revision, ({ key, revision, value }) => {
        const pod = value as unknown as Pod;
        if (done || !pod.spec.nodeName) return;
        done = true;
        const nodeName = pod.spec.nodeName === 'node-1' ? 'node-2' : 'node-1';
        void store.update(key, revision, (next) => ({
          ...value,
          metadata: { ...value.metadata, resourceVersion: String(next) },
          spec: { ...pod.spec, nodeName },
        }));
      });
    });
    expect(found).toContain('no pod is bound twice');
  });

  test('an object whose version is not that of its write', async () => {
    const found = await violated((_, store) => {
      const create = store.create.bind(store);
      store.create = (key, make) =>
        create(key, (revision) => {
          const made = make(revision);
          return key.startsWith('/registry/pods/') ? { ...made, metadata: { ...made.metadata, resourceVersion: '1' } } : made;
        });
    });
    expect(found).toContain('revisions grow');
  });

  /** Writes of a kind are answered, and not done. */
  const lose = (verb: 'update' | 'delete', prefix: string): SimulationOptions['sabotage'] => {
    return (_, store) => {
      const write: Store['update'] = store[verb].bind(store);
      store[verb] = async (key, expected, make) => {
        if (!key.startsWith(prefix)) return write(key, expected, make);
        const current = (await store.get(key))!;
        return { ok: true, entry: { ...current, value: make(current.modRevision) } };
      };
    };
  };

  test('endpoints that do not follow', async () => {
    expect(await violated(lose('update', '/registry/endpointslices/'))).toContain('endpoints are the ready pods');
  });

  test('ReplicaSets that do not scale', async () => {
    const step: Step = { do: 'scale', object: { kind: 'apps/v1/Deployment', namespace: 'default', name: 'web' }, replicas: 5 };
    expect(await violated(lose('update', '/registry/replicasets/'), step)).toContain('desired equals live');
  });

  test('ReplicaSets that outlive their Deployment', async () => {
    const step: Step = { do: 'delete', object: { kind: 'apps/v1/Deployment', namespace: 'default', name: 'web' } };
    expect(await violated(lose('delete', '/registry/replicasets/'), step)).toContain('no orphans');
  });

  const object = (apiVersion: string, kind: string, name: string, spec: object): Step => ({
    do: 'apply',
    object: { apiVersion, kind, metadata: { name, namespace: 'default' }, spec } as Manifest<KubernetesObject>,
  });
  const budget = object('policy/v1', 'PodDisruptionBudget', 'web', { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } });
  const rest: Step = { do: 'advance', ms: 30_000 };

  test('evictions that budgets do not count', async () => {
    const steps: Step[] = [budget, rest, { do: 'drain', node: 'node-1' }, { do: 'drain', node: 'node-2' }];
    expect(await violated(undefined, ...steps)).toEqual(new Set());
    const counted: SimulationOptions['sabotage'] = (_, store) => {
      const write = store.update.bind(store);
      store.update = async (key, expected, make) => {
        const current = (await store.get(key))!;
        const made = make(current.modRevision) as { readonly status?: { readonly disruptedPods?: object } };
        if (!key.startsWith('/registry/poddisruptionbudgets/') || !made.status?.disruptedPods) return write(key, expected, make);
        return { ok: true, entry: { ...current, value: make(current.modRevision) } };
      };
    };
    expect(await violated(counted, ...steps)).toContain('no eviction goes beyond a budget');
  });

  test('CronJobs that forget what they have made', async () => {
    const container = { name: 'app', image: 'example.com/tick:1' };
    const template = { spec: { containers: [container], restartPolicy: 'Never' } };
    const tick = object('batch/v1', 'CronJob', 'tick', {
      schedule: '* * * * *',
      successfulJobsHistoryLimit: 1,
      jobTemplate: { spec: { template } },
    });
    const steps: Step[] = [tick, { do: 'advance', ms: 200_000 }];
    expect(await violated(undefined, ...steps)).toEqual(new Set());
    expect(await violated(lose('delete', '/registry/jobs/'), ...steps)).toContain('CronJobs know their Jobs');
  });

  test('an autoscaler whose word is not heard', async () => {
    const load = { app: 'web' };
    const spec = {
      selector: { matchLabels: load },
      template: {
        metadata: { labels: load, annotations: { 'jibe.dev/behaviour-cpu': '200%' } },
        spec: { containers: [{ name: 'app', image: 'example.com/web:1', resources: { requests: { cpu: '100m' } } }] },
      },
    };
    const autoscaler = object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
      minReplicas: 1,
      maxReplicas: 4,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    });
    const steps: Step[] = [object('apps/v1', 'Deployment', 'web', spec), autoscaler, { do: 'advance', ms: 120_000 }];
    const of = (sabotage?: SimulationOptions['sabotage']) =>
      simulate({ seed: 1, scenario: { nodes: 2, metrics: true, steps }, ...(sabotage ? { sabotage } : {}) });
    expect((await of()).violations).toEqual([]);
    const deaf = await of((_, store) => {
      const write = store.update.bind(store);
      store.update = async (key, expected, make) => {
        const current = (await store.get(key))!;
        const [was, made] = [current.value, make(current.modRevision)] as unknown as readonly {
          readonly spec?: { readonly replicas?: number };
        }[];
        if (!key.startsWith('/registry/deployments/') || was!.spec?.replicas === made!.spec?.replicas) return write(key, expected, make);
        return { ok: true, entry: { ...current, value: make(current.modRevision) } };
      };
    });
    expect(new Set(deaf.violations.map(({ invariant }) => invariant))).toContain('autoscalers settle');
  });

  test('Jobs that hold pods that failed', async () => {
    const pods = {
      metadata: { annotations: { 'jibe.dev/behaviour-exit': '1 after 1s' } },
      spec: { containers: [{ name: 'app', image: 'example.com/batch:1' }], restartPolicy: 'Never' },
    };
    const steps: Step[] = [object('batch/v1', 'Job', 'batch', { backoffLimit: 1, template: pods }), { do: 'advance', ms: 120_000 }];
    expect(await violated(undefined, ...steps)).toEqual(new Set());
    const holding: SimulationOptions['sabotage'] = (_, store) => {
      const write = store.update.bind(store);
      store.update = (key, expected, make) =>
        write(key, expected, (revision) => {
          const made = make(revision);
          if (!key.startsWith('/registry/pods/default/batch-')) return made;
          return { ...made, metadata: { ...made.metadata, finalizers: ['batch.kubernetes.io/job-tracking'] } };
        });
    };
    expect([...(await violated(holding, ...steps))]).toEqual(
      expect.arrayContaining([expect.stringMatching(/desired equals live|comes to rest/)]),
    );
  });

  test('claims that go while their StatefulSet stays', async () => {
    const container = { name: 'app', image: 'example.com/db:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const claim = {
      metadata: { name: 'data' },
      spec: { storageClassName: 'disk', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const steps: Step[] = [
      {
        do: 'apply',
        object: {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'StorageClass',
          metadata: { name: 'disk' },
          provisioner: 'example.com/disk',
        } as Manifest<KubernetesObject>,
      },
      object('apps/v1', 'StatefulSet', 'db', {
        replicas: 2,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { containers: [container] } },
        volumeClaimTemplates: [claim],
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
      }),
      { do: 'advance', ms: 60_000 },
      { do: 'scale', object: { kind: 'apps/v1/StatefulSet', namespace: 'default', name: 'db' }, replicas: 1 },
    ];
    expect(await violated(undefined, ...steps)).toEqual(new Set());
    expect(await violated(lose('delete', '/registry/persistentvolumeclaims/'), ...steps)).toContain('claims are bound');
  });

  test('watches that leave events out', async () => {
    const found = await violated(
      (_, store) => {
        const watch = store.watch.bind(store);
        store.watch = (prefix, after, listener) =>
          watch(prefix, after, (event) => {
            if (prefix.startsWith('/registry/endpointslices') && event.type === 'update') return;
            listener(event);
          });
      },
      { do: 'dropWatches', expired: false },
      { do: 'scale', object: { kind: 'apps/v1/Deployment', namespace: 'default', name: 'web' }, replicas: 5 },
    );
    expect(found).toContain('a watch tells what a list tells');
  });

  test('two that believe to lead', async () => {
    const found = await violated(
      (_, store) => {
        const key = '/registry/leases/kube-system/kube-controller-manager';
        // whoever leads does not learn that another one does
        store.watch(key, store.revision, ({ revision, value }) => {
          const lease = value as unknown as Lease;
          if (!lease.spec?.holderIdentity?.startsWith('controllers-')) return;
          void store.update(key, revision, (next) => ({
            ...value,
            metadata: { ...value.metadata, resourceVersion: String(next) },
            spec: { ...lease.spec, holderIdentity: 'somebody-else' },
          }));
        });
      },
      { do: 'scale', object: { kind: 'apps/v1/Deployment', namespace: 'default', name: 'web' }, replicas: 5 },
    );
    expect(found).toContain('only the leader acts');
  });

  test('a cluster that never comes to rest', async () => {
    const found = await violated((cluster) => {
      const again = (): void => {
        const name = `m-${cluster.clock.now()}`;
        void cluster.client().create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
        cluster.clock.schedule(30_000, again, { background: true });
      };
      again();
    });
    expect(found).toContain('comes to rest');
  });
});
