// A cluster in which others are at work on what jibe applies: an autoscaler for every Deployment, a mutating webhook, a mutating policy,
// and a robot that labels and annotates. What they do is nobody's drift.
import type { HttpExchangeRequest } from '../../src/apimachinery/http-exchange.ts';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { Random } from '../../src/apimachinery/random.ts';
import type { Client } from '../../src/client/client.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Engine } from '../../src/reconcile/engine.ts';
import { kindOf, type ResourceId } from '../../src/reconcile/plan/resource-id.ts';
import { copyScratch } from '../../src/reconcile/plan/scratch.ts';

export interface NoisyCluster {
  readonly engine: Engine;
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Lets the others work on these objects, for five minutes. */
  disturb(objects: readonly ResourceId[]): Promise<void>;
  stop(): Promise<void>;
}

export async function noisyCluster(): Promise<NoisyCluster> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const cluster = await Cluster.start({ clock, random: new Random(1), nodes: 6, dial: (_, request) => Promise.resolve(answer(request)) });
  const client = cluster.client(undefined, 'others');
  await cluster.run(prepare(client));
  return {
    engine: {
      client: cluster.client(),
      clock,
      cluster: 'embedded:noisy',
      scratch: async () => copyScratch((await cluster.scratch()).client()),
    },
    run: (work) => cluster.run(work()),
    async disturb(objects) {
      for (const id of objects) await cluster.run(touch(client, id));
      await cluster.run(clock.sleep(300_000));
    },
    stop: () => cluster.stop(),
  };
}

/** What the webhook does to Deployments, StatefulSets and Services: an annotation, and to pods an environment variable of theirs. */
function answer({ body }: HttpExchangeRequest): { readonly code: number; readonly headers: Record<string, string>; readonly body: string } {
  const review = JSON.parse(Buffer.from(body ?? new Uint8Array()).toString()) as {
    readonly request: { readonly uid: string; readonly kind: { readonly kind: string }; readonly object: KubernetesObject };
  };
  const { uid, kind, object } = review.request;
  const patch = [
    ...(object.metadata.annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
    { op: 'add', path: '/metadata/annotations/webhook.example~1seen', value: kind.kind },
  ];
  const response = { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  const answered = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
  return { code: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answered) };
}

const RULES = [
  {
    apiGroups: ['', 'apps', 'batch', 'networking.k8s.io'],
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources: ['*'],
    scope: '*',
  },
];

async function prepare(client: Client): Promise<void> {
  await client.create('admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'noise' },
    webhooks: [
      {
        name: 'noise.webhook.example',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: 'https://webhook.example/mutate' },
        rules: RULES.map((rule) => ({
          ...rule,
          resources: ['deployments', 'statefulsets', 'daemonsets', 'services', 'configmaps', 'pods'],
        })),
      },
    ],
  } as never);
  await client.create('admissionregistration.k8s.io/v1/MutatingAdmissionPolicy', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'noise' },
    spec: {
      matchConstraints: { resourceRules: [{ ...RULES[0], apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'] }] },
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression:
              'Object{spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{labels: {"policy.example/team": "platform"}}}}}',
          },
        },
      ],
    },
  } as never);
  await client.create('admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'noise' },
    spec: { policyName: 'noise' },
  } as never);
}

async function touch(client: Client, id: ResourceId): Promise<void> {
  const scope = id.namespace ? { namespace: id.namespace } : {};
  const marks = { metadata: { labels: { 'robot.example/owner': 'team-a' }, annotations: { 'robot.example/seen': 'yes' } } };
  await client.patch(kindOf(id), id.name, marks, { type: 'merge', fieldManager: 'robot', ...scope });
  if (id.kind !== 'Deployment') return;
  await client.create(
    'autoscaling/v2/HorizontalPodAutoscaler',
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: `noise-${id.name}` },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: id.name },
        minReplicas: 4,
        maxReplicas: 6,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
      },
    } as never,
    scope,
  );
}
