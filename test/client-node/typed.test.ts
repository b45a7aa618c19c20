// The typed APIs of @kubernetes/client-node, and its object API for kinds that it does not know.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AppsV1Api,
  ApiextensionsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubernetesObjectApi,
  PatchStrategy,
  PolicyV1Api,
  RbacAuthorizationV1Api,
  VersionApi,
  setHeaderOptions,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { eventually, pod, refusal, served, type Served } from './cluster.ts';

let it: Served;
beforeAll(async () => {
  it = await served(['controllers']);
});
afterAll(() => it.stop());

const namespace = 'default';

describe('typed', () => {
  test('core: an object is made, read, listed, replaced, patched and deleted', async () => {
    const core = it.config.makeApiClient(CoreV1Api);
    const made = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'one', labels: { app: 'a' } }, data: { a: '1' } },
    });
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect((await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=a' })).items.map((i) => i.metadata?.name)).toEqual(['one']);
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...made, data: { a: '2' } } });
    expect(replaced.data).toEqual({ a: '2' });
    expect(await refusal(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...made, data: {} } }))).toBe('409 Conflict');
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'one', body: { data: { b: '3' } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(patched.data).toEqual({ a: '2', b: '3' });
    const again = await core.patchNamespacedConfigMap({ namespace, name: 'one', body: [{ op: 'remove', path: '/data/b' }] });
    expect(again.data).toEqual({ a: '2' });
    expect((await core.deleteNamespacedConfigMap({ namespace, name: 'one' })).status).toBe('Success');
    expect(await refusal(core.readNamespacedConfigMap({ namespace, name: 'one' }))).toBe('404 NotFound');
  });

  test('lists come in pages', async () => {
    const core = it.config.makeApiClient(CoreV1Api);
    for (const name of ['p1', 'p2', 'p3']) await core.createNamespacedSecret({ namespace, body: { metadata: { name } } });
    const names: (string | undefined)[] = [];
    let from: string | undefined;
    do {
      const page = await core.listNamespacedSecret({ namespace, limit: 2, ...(from ? { _continue: from } : {}) });
      names.push(...page.items.map((i) => i.metadata?.name));
      from = page.metadata?._continue;
    } while (from);
    expect(names).toEqual(['p1', 'p2', 'p3']);
  });

  test('apps and batch: scale, status and dry run', async () => {
    const apps = it.config.makeApiClient(AppsV1Api);
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: pod('', 'sleep 1').spec! };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { ...template, spec: { ...template.spec, restartPolicy: 'Always' } },
        },
      },
    });
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
    await apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body: { ...scale, spec: { replicas: 3 } } });
    const status = await eventually(async () => {
      const seen = (await apps.readNamespacedDeploymentStatus({ namespace, name: 'web' })).status;
      return seen?.replicas === 3 ? seen : undefined;
    });
    expect(status.unavailableReplicas).toBe(3);
    const batch = it.config.makeApiClient(BatchV1Api);
    const dry = await batch.createNamespacedJob({ namespace, dryRun: 'All', body: { metadata: { name: 'dry' }, spec: { template } } });
    expect(dry.spec?.backoffLimit).toBe(6);
    expect(await refusal(batch.readNamespacedJob({ namespace, name: 'dry' }))).toBe('404 NotFound');
  });

  test('a pod is evicted, a budget made, a role bound, a token asked for, access reviewed, a version told', async () => {
    const core = it.config.makeApiClient(CoreV1Api);
    await core.createNamespacedPod({ namespace, body: pod('goes', 'sleep 60') });
    await core.createNamespacedPodEviction({ namespace, name: 'goes', body: { metadata: { name: 'goes', namespace } } });
    expect(await refusal(core.readNamespacedPod({ namespace, name: 'goes' }))).toBe('404 NotFound');
    const policy = it.config.makeApiClient(PolicyV1Api);
    const budget = { metadata: { name: 'b' }, spec: { minAvailable: '50%', selector: { matchLabels: { a: 'b' } } } };
    expect((await policy.createNamespacedPodDisruptionBudget({ namespace, body: budget })).spec?.minAvailable).toBe('50%');
    const rbac = it.config.makeApiClient(RbacAuthorizationV1Api);
    await rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name: 'views' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
      },
    });
    const token = await core.createNamespacedServiceAccountToken({
      namespace,
      name: 'default',
      body: { spec: { audiences: [], expirationSeconds: 600 } },
    });
    const review = await it.config.makeApiClient(AuthenticationV1Api).createTokenReview({ body: { spec: { token: token.status!.token } } });
    expect(review.status?.user?.username).toBe('system:serviceaccount:default:default');
    const may = async (verb: string): Promise<boolean | undefined> =>
      (
        await it.config.makeApiClient(AuthorizationV1Api).createSubjectAccessReview({
          body: {
            spec: { user: 'system:serviceaccount:default:default', resourceAttributes: { namespace, verb, resource: 'pods' } },
          },
        })
      ).status?.allowed;
    expect([await may('list'), await may('delete')]).toEqual([true, false]);
    expect((await it.config.makeApiClient(VersionApi).getCode()).minor).toBe('36');
  });
});

const widgets = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { size: { type: 'integer', maximum: 9 } } },
              status: { type: 'object', properties: { size: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};

describe('custom resources', () => {
  const at = { group: 'example.com', version: 'v1', namespace, plural: 'widgets' };

  test('CustomObjectsApi: life, status, scale and refusals', async () => {
    const definitions = it.config.makeApiClient(ApiextensionsV1Api);
    await definitions.createCustomResourceDefinition({ body: widgets });
    await eventually(async () =>
      (await definitions.readCustomResourceDefinition({ name: 'widgets.example.com' })).status?.conditions?.some(
        (c) => c.type === 'Established' && c.status === 'True',
      )
        ? true
        : undefined,
    );
    const custom = it.config.makeApiClient(CustomObjectsApi);
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 1 } };
    await custom.createNamespacedCustomObject({ ...at, body: widget });
    expect(
      await refusal(custom.createNamespacedCustomObject({ ...at, body: { ...widget, metadata: { name: 'x' }, spec: { size: 10 } } })),
    ).toBe('422 Invalid');
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await custom.patchNamespacedCustomObjectStatus({ ...at, name: 'w', body: { status: { size: 1 } } }, merge);
    await custom.patchNamespacedCustomObjectScale({ ...at, name: 'w', body: { spec: { replicas: 4 } } }, merge);
    expect(await custom.getNamespacedCustomObject({ ...at, name: 'w' })).toMatchObject({ spec: { size: 4 }, status: { size: 1 } });
    expect(((await custom.listNamespacedCustomObject(at)) as { items: unknown[] }).items).toHaveLength(1);
    await custom.deleteNamespacedCustomObject({ ...at, name: 'w' });
    expect(await refusal(custom.getNamespacedCustomObject({ ...at, name: 'w' }))).toBe('404 NotFound');
  });

  test('KubernetesObjectApi: objects of any kind are created, read, listed, patched, applied and deleted', async () => {
    const objects = KubernetesObjectApi.makeApiClient(it.config);
    const of = (spec: object): KubernetesObject =>
      ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'o', namespace }, spec }) as KubernetesObject;
    await objects.create(of({ size: 1 }));
    const name = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'o', namespace } };
    expect(await objects.read(name)).toMatchObject({ spec: { size: 1 } });
    await objects.patch(of({ size: 2 }), undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
    expect((await objects.list('example.com/v1', 'Widget', namespace)).items).toMatchObject([{ spec: { size: 2 } }]);
    expect(await refusal(objects.patch(of({ size: 3 }), undefined, undefined, 'me', false, PatchStrategy.ServerSideApply))).toBe(
      '409 Conflict',
    );
    const applied = await objects.patch(of({ size: 3 }), undefined, undefined, 'me', true, PatchStrategy.ServerSideApply);
    expect(applied.metadata?.managedFields?.find((m) => m.manager === 'me')?.operation).toBe('Apply');
    await objects.delete(of({}));
    expect(await refusal(objects.read(name))).toBe('404 NotFound');
  });
});
