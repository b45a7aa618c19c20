// Custom resources in a whole control plane: kinds that come and go are followed by the garbage collector and the namespace controller.
import { describe, expect, test } from 'vitest';
import type { TestCluster } from '../scenario-world.ts';
import { startedCluster } from './harness.ts';

const CRD = 'apiextensions.k8s.io/v1/CustomResourceDefinition';
const kindOf = (kind: string): string => `example.com/v1/${kind}`;

async function define(cluster: TestCluster, kind: string): Promise<void> {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await cluster.client.create(CRD, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
}

const NAMESPACE = 'team';

async function make(
  cluster: TestCluster,
  kind: string,
  name: string,
  owner?: { readonly kind: string; readonly name: string; readonly uid: string },
): Promise<string> {
  const ownerReferences = owner ? [{ apiVersion: 'example.com/v1', ...owner }] : [];
  const object = { apiVersion: 'example.com/v1', kind, metadata: { name, namespace: NAMESPACE, ownerReferences } };
  const { metadata } = await cluster.client.create(kindOf(kind), object);
  return metadata.uid;
}

async function started(): Promise<TestCluster> {
  const cluster = await startedCluster(0);
  await cluster.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await define(cluster, 'Parent');
  await define(cluster, 'Child');
  await cluster.clock.advance(1000);
  return cluster;
}

const names = async (cluster: TestCluster, kind: string): Promise<string[]> =>
  ((await cluster.client.list(kindOf(kind), { namespace: NAMESPACE })).items as readonly { metadata: { name: string } }[]).map(
    (o) => o.metadata.name,
  );

describe('garbage collector', () => {
  test('deletes what a custom resource owns', async () => {
    const cluster = await started();
    const uid = await make(cluster, 'Parent', 'p');
    await make(cluster, 'Child', 'c', { kind: 'Parent', name: 'p', uid });
    await make(cluster, 'Child', 'free');
    await cluster.clock.advance(1000);
    await cluster.client.delete(kindOf('Parent'), 'p', { namespace: NAMESPACE });
    await cluster.clock.advance(1000);
    expect(await names(cluster, 'Child')).toEqual(['free']);
    await cluster.stop();
  });

  test('deletes what the custom resources of a definition own that goes', async () => {
    const cluster = await started();
    const uid = await make(cluster, 'Parent', 'p');
    await make(cluster, 'Child', 'c', { kind: 'Parent', name: 'p', uid });
    await cluster.clock.advance(1000);
    await cluster.client.delete(CRD, 'parents.example.com');
    await cluster.clock.advance(60_000);
    expect(await names(cluster, 'Child')).toEqual([]);
    await cluster.stop();
  });

  test('goes on after a kind that was gone before it could be read', async () => {
    const cluster = await started();
    await define(cluster, 'Brief');
    await cluster.client.delete(CRD, 'briefs.example.com');
    await define(cluster, 'Late');
    await cluster.clock.advance(1000);
    const uid = await make(cluster, 'Late', 'p');
    await make(cluster, 'Late', 'c', { kind: 'Late', name: 'p', uid });
    await cluster.clock.advance(1000);
    await cluster.client.delete(kindOf('Late'), 'p', { namespace: NAMESPACE });
    await cluster.clock.advance(1000);
    expect(await names(cluster, 'Late')).toEqual([]);
    await cluster.stop();
  });

  test('follows a kind that comes again under the same name', async () => {
    const cluster = await started();
    await cluster.client.delete(CRD, 'parents.example.com');
    await define(cluster, 'Parent');
    await cluster.clock.advance(60_000);
    const uid = await make(cluster, 'Parent', 'p');
    await make(cluster, 'Child', 'c', { kind: 'Parent', name: 'p', uid });
    await cluster.clock.advance(1000);
    await cluster.client.delete(kindOf('Parent'), 'p', { namespace: NAMESPACE });
    await cluster.clock.advance(60_000);
    expect(await names(cluster, 'Child')).toEqual([]);
    await cluster.stop();
  });
});

describe('namespace controller', () => {
  test('empties a namespace of custom resources', async () => {
    const cluster = await started();
    await make(cluster, 'Parent', 'p');
    await cluster.client.delete('v1/Namespace', NAMESPACE);
    await cluster.clock.advance(30_000);
    expect((await cluster.client.list('v1/Namespace')).items.map((n) => n.metadata.name)).not.toContain(NAMESPACE);
    expect((await cluster.client.list(kindOf('Parent'))).items).toEqual([]);
    await cluster.stop();
  });
});
