// The scenario of a seed: a handful of workloads that are made, rolled out, scaled and deleted, while nodes, processes and the network
// between them break and mend.
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import type { Random } from '../../apimachinery/random.ts';
import { NO_FAULTS } from './link.ts';
import type { ObjectName, Scenario, Step } from './scenario.ts';

const NAMESPACE = 'shop';
const STEPS = 14;

const NAMESPACED: Manifest<KubernetesObject> = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
const DISK = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'disk' },
  provisioner: 'example.com/disk',
} as Manifest<KubernetesObject>;
const budget = (name: string, bound: object): Manifest<KubernetesObject> =>
  ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: NAMESPACE },
    spec: { ...bound, selector: { matchLabels: { app: name } } },
  }) as Manifest<KubernetesObject>;
const BUDGETS = [budget('web', { minAvailable: 1 }), budget('api', { minAvailable: '50%' }), budget('db', { maxUnavailable: 1 })];
/** Of what the autoscaled Deployment asks for: both bounds are reached, and what lies between. */
const LOADS = ['20%', '75%', '100%', '160%'] as const;
const AUTOSCALER = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api', namespace: NAMESPACE },
  spec: {
    minReplicas: 1,
    maxReplicas: 5,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 75 } } }],
    // shorter than it takes to be at rest
    behavior: { scaleDown: { stabilizationWindowSeconds: 30 } },
  },
} as Manifest<KubernetesObject>;

interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'CronJob';
  readonly name: string;
  /** Pods: of a Job, how many must succeed. */
  replicas: number;
  version: number;
  exists: boolean;
  /** Says itself how many replicas it has: how much its pods use is chosen for each version. */
  readonly autoscaled?: boolean;
  /** Of a Job: its pods fail, in one version out of two. */
  readonly fails?: boolean;
  /** Of a StatefulSet: whether claims go with the pods and with the set. */
  readonly claims?: 'Retain' | 'Delete';
}

export function standardScenario(random: Random): Scenario {
  const nodes = 3 + random.below(3);
  const workloads = makeWorkloads(random);
  const generator = new Generator(random, nodes, workloads);
  const steps: Step[] = [NAMESPACED, DISK, ...BUDGETS].map((object) => ({ do: 'apply', object }));
  for (const workload of workloads) steps.push(...create(workload));
  const metrics = workloads.some(({ autoscaled }) => autoscaled);
  if (metrics) steps.push({ do: 'apply', object: AUTOSCALER });
  steps.push(pause(random, 20_000));
  for (let i = 0; i < STEPS; i++) steps.push(...generator.next(), pause(random, 40_000));
  return { nodes, replicas: 2, metrics, steps };
}

const pause = (random: Random, upToMs: number): Step => ({ do: 'advance', ms: 100 + random.below(upToMs) });

const pick = <T>(random: Random, of: readonly T[]): T => of[random.below(of.length)]!;

function makeWorkloads(random: Random): Workload[] {
  const made: Workload[] = [{ kind: 'Deployment', name: 'web', replicas: 1 + random.below(5), version: 1, exists: true }];
  const more = (workload: Omit<Workload, 'version' | 'exists'>): number => made.push({ ...workload, version: 1, exists: true });
  if (random.below(2)) more({ kind: 'Deployment', name: 'api', replicas: 1 + random.below(3), autoscaled: random.below(2) === 1 });
  if (random.below(2))
    more({ kind: 'StatefulSet', name: 'db', replicas: 1 + random.below(3), claims: random.below(2) ? 'Delete' : 'Retain' });
  if (random.below(2)) more({ kind: 'DaemonSet', name: 'agent', replicas: 0 });
  if (random.below(2)) more({ kind: 'Job', name: 'batch', replicas: 1 + random.below(4), fails: random.below(2) === 1 });
  if (random.below(3) === 0) more({ kind: 'CronJob', name: 'tick', replicas: 1, fails: random.below(2) === 1 });
  return made;
}

class Generator {
  private readonly random: Random;
  private readonly nodes: number;
  private readonly workloads: readonly Workload[];

  constructor(random: Random, nodes: number, workloads: readonly Workload[]) {
    this.random = random;
    this.nodes = nodes;
    this.workloads = workloads;
  }

  next(): readonly Step[] {
    const { random } = this;
    return random.below(2) ? this.work(pick(random, this.workloads)) : this.fault();
  }

  private work(workload: Workload): readonly Step[] {
    const { random } = this;
    if (!workload.exists) {
      workload.exists = true;
      return create(workload);
    }
    switch (random.below(workload.kind === 'Job' ? 2 : 5)) {
      case 0:
        workload.exists = false;
        return [{ do: 'delete', object: nameOf(workload) }];
      case 1:
        return [{ do: 'deletePod', labels: { app: workload.name }, skip: random.below(4) }];
      case 2:
        if (workload.kind === 'DaemonSet' || workload.kind === 'CronJob') return this.rollOut(workload);
        workload.replicas = random.below(6);
        return [{ do: 'scale', object: nameOf(workload), replicas: workload.replicas }];
      default:
        return this.rollOut(workload);
    }
  }

  private rollOut(workload: Workload): readonly Step[] {
    workload.version++;
    return [{ do: 'apply', object: manifest(workload) }];
  }

  private fault(): readonly Step[] {
    const { random } = this;
    const node = `node-${1 + random.below(this.nodes)}`;
    // short enough to be a hiccup, or long enough for its pods to be taken elsewhere
    const outageMs = pick(random, [5_000, 30_000, 90_000, 400_000]);
    switch (random.below(9)) {
      case 0:
        return [
          { do: 'powerOff', node },
          { do: 'advance', ms: outageMs },
          { do: 'powerOn', node },
        ];
      case 1:
        return [
          { do: 'partition', node },
          { do: 'advance', ms: outageMs },
          { do: 'heal', node },
        ];
      case 2:
        if (random.below(2)) return [{ do: 'cordon', node }, pause(random, 30_000), { do: 'uncordon', node }];
        // again and again, as people do where a budget says no
        return [
          ...Array.from({ length: 4 }, () => [{ do: 'drain', node }, pause(random, 10_000)] as const).flat(),
          { do: 'uncordon', node },
        ];
      case 3:
        return [{ do: 'dropWatches', expired: random.below(2) === 1 }];
      case 4:
      case 5:
        return [{ do: 'crash', process: pick(random, ['controllers', 'scheduler', 'proxy', 'metrics-server', node]) }];
      case 6:
        return [{ do: 'faults', faults: NO_FAULTS }];
      case 7:
        return [
          { do: 'shutDown', node },
          { do: 'advance', ms: pick(random, [5_000, 40_000]) },
          ...(random.below(2)
            ? ([
                { do: 'powerOff', node },
                { do: 'advance', ms: outageMs },
                { do: 'powerOn', node },
              ] as const)
            : []),
          { do: 'cancelShutDown', node },
        ];
      default:
        return [
          {
            do: 'faults',
            faults: {
              failWrites: pick(random, [0, 0.05, 0.2]),
              loseAnswers: pick(random, [0, 0.05, 0.1]),
              delayMs: pick(random, [0, 50, 1000]),
            },
          },
        ];
    }
  }
}

const VERSIONS = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
} as const;

const nameOf = ({ kind, name }: Workload): ObjectName => ({ kind: `${VERSIONS[kind]}/${kind}`, namespace: NAMESPACE, name });

function create(workload: Workload): readonly Step[] {
  workload.version++;
  const steps: Step[] = [{ do: 'apply', object: manifest(workload) }];
  if (workload.kind !== 'Job' && workload.kind !== 'CronJob') steps.push({ do: 'apply', object: service(workload) });
  return steps;
}

const CLAIM = {
  metadata: { name: 'data' },
  spec: { storageClassName: 'disk', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

function manifest(workload: Workload): Manifest<KubernetesObject> {
  const { kind, name } = workload;
  return {
    apiVersion: VERSIONS[kind],
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec: specOf(workload),
  } as Manifest<KubernetesObject>;
}

function specOf(workload: Workload): object {
  const { kind, name, replicas, autoscaled, claims } = workload;
  const template = templateOf(workload);
  const selector = { matchLabels: { app: name } };
  switch (kind) {
    case 'Job':
      return { completions: replicas, parallelism: 2, backoffLimit: 2, template };
    case 'CronJob':
      return {
        schedule: '* * * * *',
        successfulJobsHistoryLimit: 2,
        failedJobsHistoryLimit: 1,
        jobTemplate: { spec: { backoffLimit: 1, template } },
      };
    case 'StatefulSet':
      return {
        replicas,
        serviceName: name,
        volumeClaimTemplates: [CLAIM],
        persistentVolumeClaimRetentionPolicy: { whenScaled: claims, whenDeleted: claims },
        selector,
        template,
      };
    default:
      return { ...(kind === 'DaemonSet' || autoscaled ? {} : { replicas }), selector, template };
  }
}

function templateOf({ kind, name, version, autoscaled, fails }: Workload): object {
  const labels = { app: name };
  const requests = { cpu: '100m', memory: '64Mi' };
  const stateful = kind === 'StatefulSet';
  const annotations = {
    ...(autoscaled ? { 'jibe.dev/behaviour-cpu': LOADS[version % LOADS.length] } : {}),
    ...(fails && version % 2 === 0 ? { 'jibe.dev/behaviour-exit': '1 after 2s' } : {}),
  };
  const container = {
    name: 'app',
    image: `example.com/${name}:${version}`,
    ports: [{ containerPort: 8080 }],
    resources: { requests },
    ...(stateful ? { volumeMounts: [{ name: 'data', mountPath: '/data' }] } : {}),
  };
  const ends = kind === 'Job' || kind === 'CronJob';
  return {
    metadata: { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { containers: [container], terminationGracePeriodSeconds: 5, ...(ends ? { restartPolicy: 'Never' } : {}) },
  };
}

function service({ kind, name }: Workload): Manifest<KubernetesObject> {
  const spec = {
    selector: { app: name },
    ports: [{ port: 80, targetPort: 8080 }],
    ...(kind === 'StatefulSet' ? { clusterIP: 'None' } : {}),
  };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec } as Manifest<KubernetesObject>;
}
