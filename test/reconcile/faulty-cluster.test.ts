// Two processes sync the same app on a cluster that is reached badly, while its API server starts again: in the end all is there, nothing
// was applied twice, nothing got lost.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealClock } from '../../src/apimachinery/clock.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { clusterCertificates } from '../../src/cluster/pki.ts';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';
import { faultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { jibeProcess, writeKubeconfig, type Ended } from './jibe-process.ts';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-faulty-'));
const clock = new RealClock();
let served: ServedCluster;
let proxy: FaultyProxy;
let kubeconfig: string;
let port = 0;

const serve = (): Promise<ServedCluster> => serveCluster({ home: directory, name: 'faulty', port, onError: () => undefined });
const jibe = (...args: readonly string[]): Promise<Ended> => jibeProcess(directory, args);

beforeAll(async () => {
  served = await serve();
  const config = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  port = Number(new URL(config.server).port);
  const { server } = await clusterCertificates(path.join(path.dirname(served.serving.kubeconfig), 'pki'), clock.now(), []);
  proxy = await faultyProxy(server, () => ({ port, ca: config.ca! }), 7);
  const admin = served.cluster.client();
  await admin.create('rbac.authorization.k8s.io/v1/ClusterRoleBinding', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'robot' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
  });
  kubeconfig = await writeKubeconfig(
    path.join(directory, 'robot.yaml'),
    admin,
    'default',
    'default',
    `https://127.0.0.1:${proxy.port}`,
    config.ca!,
  );
  fs.mkdirSync(path.join(directory, 'app'));
  fs.writeFileSync(path.join(directory, 'app/all.yaml'), manifests('1'));
});
afterAll(async () => {
  proxy.close();
  await served.stop();
  fs.rmSync(directory, { recursive: true });
});

const APPS = 5;

function manifests(version: string): string {
  const parts = Array.from(
    { length: APPS },
    (_, i) => `apiVersion: v1
kind: ConfigMap
metadata: { name: c${i} }
data: { version: "${version}" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: d${i} }
spec:
  selector: { matchLabels: { app: a${i} } }
  template:
    metadata: { labels: { app: a${i} } }
    spec: { containers: [{ name: web, image: "web:${version}" }] }
`,
  );
  return parts.join('---\n');
}

/** As a pipeline does: again, as long as the cluster could not be reached. */
async function untilItGetsThrough(): Promise<Ended> {
  for (let attempt = 1; ; attempt++) {
    const ended = await jibe('sync', 'app', '--kubeconfig', kubeconfig, '-q', '-o', 'json', '--timeout', '2m');
    if (ended.code === 0 || attempt === 12) return ended;
  }
}

test('two processes and a bad way there', { timeout: 180_000 }, async () => {
  const both = Promise.all([untilItGetsThrough(), untilItGetsThrough()]);
  await clock.sleep(2_500);
  await served.stop();
  await clock.sleep(400);
  served = await serve();
  for (const { code, err, out } of await both) expect({ code, err, failed: code === 0 ? '' : out }).toMatchObject({ code: 0 });
  expect(Object.values(proxy.faults).reduce((sum, count) => sum + count)).toBeGreaterThan(5);

  proxy.heal();
  expect(await jibe('diff', 'app', '--kubeconfig', kubeconfig, '-q')).toMatchObject({ code: 0 });
  const client = served.cluster.client();
  const deployments = (await client.list('apps/v1/Deployment', { namespace: 'default' })).items;
  expect(deployments.map(({ metadata }) => metadata.generation)).toEqual(Array.from({ length: APPS }, () => 1));
  const replicaSets = (await client.list('apps/v1/ReplicaSet', { namespace: 'default' })).items;
  expect(replicaSets).toHaveLength(APPS);
  const { items } = await client.list('coordination.k8s.io/v1/Lease', { namespace: 'default' });
  expect(items.map(({ metadata, spec }) => [metadata.name, spec?.holderIdentity ?? ''])).toEqual([['jibe.app', '']]);
});
