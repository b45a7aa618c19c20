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
const BUDGET = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
} as Manifest<KubernetesObject>;

interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job';
  readonly name: string;
  replicas: number;
  version: number;
  exists: boolean;
}

export function standardScenario(random: Random): Scenario {
  const nodes = 3 + random.below(3);
  const workloads = makeWorkloads(random);
  const generator = new Generator(random, nodes, workloads);
  const steps: Step[] = [NAMESPACED, DISK, BUDGET].map((object) => ({ do: 'apply', object }));
  for (const workload of workloads) steps.push(...create(workload));
  steps.push(pause(random, 20_000));
  for (let i = 0; i < STEPS; i++) steps.push(...generator.next(), pause(random, 40_000));
  return { nodes, replicas: 2, steps };
}

const pause = (random: Random, upToMs: number): Step => ({ do: 'advance', ms: 100 + random.below(upToMs) });

const pick = <T>(random: Random, of: readonly T[]): T => of[random.below(of.length)]!;

function makeWorkloads(random: Random): Workload[] {
  const made: Workload[] = [{ kind: 'Deployment', name: 'web', replicas: 1 + random.below(5), version: 1, exists: true }];
  if (random.below(2)) made.push({ kind: 'Deployment', name: 'api', replicas: 1 + random.below(3), version: 1, exists: true });
  if (random.below(2)) made.push({ kind: 'StatefulSet', name: 'db', replicas: 1 + random.below(3), version: 1, exists: true });
  if (random.below(2)) made.push({ kind: 'DaemonSet', name: 'agent', replicas: 0, version: 1, exists: true });
  if (random.below(2)) made.push({ kind: 'Job', name: 'batch', replicas: 1 + random.below(4), version: 1, exists: true });
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
        if (workload.kind === 'DaemonSet') return this.rollOut(workload);
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
    switch (random.below(8)) {
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
        return [{ do: random.below(2) ? 'cordon' : 'drain', node }, pause(random, 30_000), { do: 'uncordon', node }];
      case 3:
        return [{ do: 'dropWatches', expired: random.below(2) === 1 }];
      case 4:
      case 5:
        return [{ do: 'crash', process: pick(random, ['controllers', 'scheduler', 'proxy', node]) }];
      case 6:
        return [{ do: 'faults', faults: NO_FAULTS }];
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

const VERSIONS = { Deployment: 'apps/v1', StatefulSet: 'apps/v1', DaemonSet: 'apps/v1', Job: 'batch/v1' } as const;

const nameOf = ({ kind, name }: Workload): ObjectName => ({ kind: `${VERSIONS[kind]}/${kind}`, namespace: NAMESPACE, name });

function create(workload: Workload): readonly Step[] {
  workload.version++;
  const steps: Step[] = [{ do: 'apply', object: manifest(workload) }];
  if (workload.kind !== 'Job') steps.push({ do: 'apply', object: service(workload) });
  return steps;
}

const CLAIM = {
  metadata: { name: 'data' },
  spec: { storageClassName: 'disk', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

function manifest({ kind, name, replicas, version }: Workload): Manifest<KubernetesObject> {
  const labels = { app: name };
  const requests = { cpu: '100m', memory: '64Mi' };
  const stateful = kind === 'StatefulSet';
  const container = {
    name: 'app',
    image: `example.com/${name}:${version}`,
    ports: [{ containerPort: 8080 }],
    resources: { requests },
    ...(stateful ? { volumeMounts: [{ name: 'data', mountPath: '/data' }] } : {}),
  };
  const job = kind === 'Job';
  const template = {
    metadata: { labels },
    spec: { containers: [container], terminationGracePeriodSeconds: 5, ...(job ? { restartPolicy: 'Never' } : {}) },
  };
  const spec = job
    ? { completions: replicas, parallelism: 2, template }
    : {
        ...(kind === 'DaemonSet' ? {} : { replicas }),
        ...(stateful ? { serviceName: name, volumeClaimTemplates: [CLAIM] } : {}),
        selector: { matchLabels: labels },
        template,
      };
  return { apiVersion: VERSIONS[kind], kind, metadata: { name, namespace: NAMESPACE }, spec } as Manifest<KubernetesObject>;
}

function service({ kind, name }: Workload): Manifest<KubernetesObject> {
  const spec = {
    selector: { app: name },
    ports: [{ port: 80, targetPort: 8080 }],
    ...(kind === 'StatefulSet' ? { clusterIP: 'None' } : {}),
  };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec } as Manifest<KubernetesObject>;
}
