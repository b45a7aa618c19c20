// A cluster is read, kept as text, and made the world of a preview: what it holds then, and what is said of it.
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { statusError } from '../../../src/apimachinery/status-error.ts';
import { Client } from '../../../src/client/client.ts';
import type { Transport, TransportRequest } from '../../../src/client/transport.ts';
import { ADMIN, Cluster } from '../../../src/cluster/cluster.ts';
import {
  isSnapshot,
  readSnapshot,
  SnapshotError,
  snapshotText,
  type ClusterSnapshot,
} from '../../../src/reconcile/preview/cluster-snapshot.ts';
import { readCluster } from '../../../src/reconcile/preview/live-cluster.ts';
import { previewFiles } from './cases.ts';

const OTHERS = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: other, namespace: default }
spec:
  replicas: 3
  selector: { matchLabels: { app: other } }
  template:
    metadata: { labels: { app: other } }
    spec: { containers: [{ name: main, image: other, resources: { requests: { cpu: "4" } } }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: default }
spec:
  serviceName: db
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [{ name: main, image: db, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: done, namespace: default }
spec:
  template: { spec: { restartPolicy: Never, containers: [{ name: main, image: busybox, command: ["true"] }] } }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: default }
spec: { selector: { app: other }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Secret
metadata:
  name: password
  namespace: default
  annotations: { kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"hunter2"}}' }
stringData: { password: hunter2 }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: guard }
webhooks:
  - name: guard.example.com
    sideEffects: None
    admissionReviewVersions: [v1]
    failurePolicy: Fail
    clientConfig: { url: "https://guard.example.com" }
    rules: [{ apiGroups: [example.com], apiVersions: ["*"], operations: [CREATE], resources: ["*"] }]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: wishes.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Wish, plural: wishes }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

/** A cluster that lives for a minute, and what was asked of it while it was read. */
async function living(refuses: (request: TransportRequest) => boolean = () => false) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const cluster = await Cluster.start({ clock, random: new Random(1), nodes: 2 });
  const client = cluster.client();
  const asked: string[] = [];
  const inner = cluster.transport(ADMIN, 'test');
  const transport: Transport = {
    resolve: (kind) => inner.resolve(kind),
    resources: () => inner.resources(),
    serve: (request) => {
      asked.push(request.verb);
      if (refuses(request)) throw statusError({ code: 403, reason: 'Forbidden', message: 'no', details: {} });
      return inner.serve(request);
    },
  };
  const snapshot = await cluster.run(
    (async (): Promise<ClusterSnapshot> => {
      for (const document of parseAllDocuments(OTHERS)) {
        const object = document.toJS() as KubernetesObject;
        await client.create(`${object.apiVersion}/${object.kind}`, object);
      }
      await clock.sleep(60_000);
      return readCluster(new Client(transport), 'test');
    })(),
  );
  await cluster.stop();
  return { snapshot, asked };
}

const names = ({ objects }: ClusterSnapshot, kind: string): string[] =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

test('a cluster is read by lists alone, and without what it makes anew', async () => {
  const { snapshot, asked } = await living();
  expect(new Set(asked)).toEqual(new Set(['list']));
  expect(names(snapshot, 'Pod')).toEqual([]);
  expect(names(snapshot, 'Event')).toEqual([]);
  expect(names(snapshot, 'Lease')).toEqual([]);
  expect(names(snapshot, 'ReplicaSet')).toHaveLength(1);
  expect(names(snapshot, 'PersistentVolumeClaim')).toEqual(['data-db-0', 'data-db-1']);
  expect(names(snapshot, 'Service')).toContain('other');
  expect(snapshot.leftOut).toContain('Pods that have a controller are not part of it (6): they are made anew.');
});

test('no value of a Secret is kept, in whatever field it stands', async () => {
  const text = snapshotText((await living()).snapshot);
  expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
  expect(text).toContain('password: KG1hc2tlZCk=');
});

test('what may not be read is told, and the rest is read', async () => {
  const { snapshot } = await living(({ resource }) => resource === 'secrets');
  expect(names(snapshot, 'Secret')).toEqual([]);
  expect(names(snapshot, 'Deployment')).toEqual(['other']);
  expect(snapshot.leftOut).toContain('What could not be read: secrets (reading them is not allowed).');
});

test('the text of a snapshot is read back as it was, and is always the same', async () => {
  const { snapshot } = await living();
  const text = snapshotText(snapshot);
  expect(isSnapshot(text)).toBe(true);
  expect(snapshotText(await readSnapshot(text))).toBe(text);
});

const HEAD = 'apiVersion: jibe.dev/v1\nkind: ClusterSnapshot\ncluster: test\nleftOut: []\n';

test.each([
  ['manifests', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n', 1, /first document must be a ClusterSnapshot/],
  ['an object that never lived', `${HEAD}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n`, 6, /no object of a cluster/],
  ['no YAML', `${HEAD}---\na: [\n`, 7, /flow/],
])('%s is no snapshot', async (_, text, line, message) => {
  const error = await readSnapshot(text).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SnapshotError);
  expect(error).toMatchObject({ line, message: expect.stringMatching(message) as string });
});

test('a preview in such a world finds what others take, and calls none of its webhooks', async () => {
  const { snapshot } = await living();
  const web = (replicas: number): string => `test/reconcile/preview/worlds/${replicas}.yaml`;
  const result = await previewFiles({ before: web(1), after: web(2) }, { nodes: 0, snapshot });
  // 16 CPU, of which others have 12
  expect(result.consequences.map(({ type, reason }) => `${type}/${reason}`)).toContain('Unschedulable/Unschedulable');
  expect(result.workloads.map(({ name, podsBefore, podsAfter, podsCreated }) => ({ name, podsBefore, podsAfter, podsCreated }))).toEqual([
    { name: 'web', podsBefore: 1, podsAfter: 2, podsCreated: 1 },
  ]);
  expect(result.changes).toHaveLength(1);
  expect(result.assumed).toMatchInlineSnapshot(`
    [
      "The cluster has 2 nodes, which stay ready: 2 with 8 CPU and 32Gi.",
      "Images exist, and containers start, stay up and stop as an ordinary program does.",
      "It holds 166 objects of test as they were when they were read.",
      "Events, leases, metrics and what the cluster keeps by itself are not part of it.",
      "Pods that have a controller are not part of it (6): they are made anew.",
      "Values of Secrets are masked (1); their keys are there.",
      "Webhooks of the cluster are not called: ValidatingWebhookConfiguration guard.",
      "No operator acts on custom resources: 1 kind of them stays as written.",
      "Load, operators, ingress controllers and everything outside the cluster take no part.",
      "What is left to chance follows from seed 1.",
    ]
  `);
});
