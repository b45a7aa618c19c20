// Commands on a cluster that is reached over HTTPS as somebody with few rights, each a process of its own: the roles of
// docs/real-clusters.md suffice, and what is missing is told before anything is written.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Client } from '../../src/client/client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';
import { jibeProcess, writeKubeconfig, type Ended } from './jibe-process.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-real-'));
let served: ServedCluster;
let admin: Client;

/** A block of the page, by the word behind its language. */
function documented(word: string): Record<string, unknown> {
  const page = fs.readFileSync(path.join(ROOT, 'docs/real-clusters.md'), 'utf8');
  return parse(new RegExp(`\`\`\`yaml ${word}\\n([^]*?)\`\`\``).exec(page)![1]!) as Record<string, unknown>;
}

/** A kubeconfig of a ServiceAccount that has this role and no other. */
async function kubeconfigFor(name: string, role: Record<string, unknown>): Promise<string> {
  const scope = { namespace: 'shop' };
  const metadata = { name, namespace: 'shop' };
  await admin.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata }, scope);
  await admin.create('rbac.authorization.k8s.io/v1/Role', { ...role, metadata } as never, scope);
  await admin.create(
    'rbac.authorization.k8s.io/v1/RoleBinding',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'shop' }],
    },
    scope,
  );
  const { server, ca } = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  return writeKubeconfig(path.join(directory, `${name}.yaml`), admin, 'shop', name, server, ca!);
}

const jibe = (...args: readonly string[]): Promise<Ended> => jibeProcess(directory, args);

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web:1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

beforeAll(async () => {
  served = await serveCluster({ home: directory, name: 'real', port: 0, inMemory: true, onError: () => undefined });
  admin = served.cluster.client();
  await admin.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  fs.mkdirSync(path.join(directory, 'shop'));
  fs.writeFileSync(path.join(directory, 'shop/web.yaml'), MANIFEST);
});
afterAll(async () => {
  await served.stop();
  fs.rmSync(directory, { recursive: true });
});

test('the documented roles suffice', { timeout: 60_000 }, async () => {
  const deployer = await kubeconfigFor('deployer', documented('deployer'));
  const reader = await kubeconfigFor('reader', documented('reader'));
  const first = await jibe('diff', 'shop', '--kubeconfig', reader, '-n', 'shop', '-q');
  expect(first).toMatchObject({ code: 1, err: '' });
  expect(first.out).toContain('+ Deployment shop/web added');

  const synced = await jibe('sync', 'shop', '--kubeconfig', deployer, '-n', 'shop', '-q');
  expect(synced).toMatchObject({ code: 0, err: '' });
  expect(synced.out).toContain('shop Synced, Healthy: 2 created');

  expect(await jibe('diff', 'shop', '--kubeconfig', reader, '-n', 'shop', '-q')).toMatchObject({ code: 0, err: '' });
  fs.writeFileSync(path.join(directory, 'shop/web.yaml'), MANIFEST.replace('web:1', 'web:2'));
  const changed = await jibe('diff', 'shop', '--kubeconfig', reader, '-n', 'shop', '-q');
  expect(changed.out).toContain('spec.template.spec.containers[name="web"].image: web  1 → 2');
  const status = await jibe('status', '--kubeconfig', reader, '-n', 'shop');
  expect(status.out).toContain('shop Synced, Healthy');
});

test('what is missing is told before anything is written', { timeout: 60_000 }, async () => {
  const role = documented('deployer') as { rules: { resources: string[]; verbs: string[] }[] };
  const [first, ...others] = role.rules as [(typeof role.rules)[0], ...(typeof role.rules)[0][]];
  const weak = {
    ...role,
    rules: [{ ...first, verbs: ['get', 'list', 'watch'] }, { ...first, resources: ['services'] }, ...others],
  };
  const kubeconfig = await kubeconfigFor('weak', weak);
  fs.writeFileSync(path.join(directory, 'shop/web.yaml'), MANIFEST.replace('web:1', 'web:3'));
  const refused = await jibe('sync', 'shop', '--kubeconfig', kubeconfig, '-n', 'shop', '-q');
  expect(refused.code).toBe(1);
  expect(refused.out).toContain(
    'the user of this context may not patch deployments.apps in namespace shop, which Deployment shop/web needs',
  );
  const live = await admin.get('apps/v1/Deployment', 'web', { namespace: 'shop' });
  expect(live.spec.template.spec?.containers[0]?.image).toBe('web:1');
});
