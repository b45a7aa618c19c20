// Workloads through a whole API server: generations, scales, and what jobs are given.
import { describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { inProcess, namespace, refusal } from './in-process.ts';

const LABELS = { app: 'web' };
const podSpec = { containers: [{ name: 'c', image: 'nginx:1' }] };

const createDeployment = (client: Client) =>
  client.create('apps/v1/Deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: { replicas: 2, selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: podSpec } },
  });

const patchDeployment = (client: Client, patch: object, subresource = '') =>
  client.patch('apps/v1/Deployment', 'web', patch, { type: 'merge', namespace, subresource });

describe('the generation of a deployment', () => {
  it.each([
    ['its spec changes', { spec: { paused: true } }, '', 2],
    ['only its labels change', { metadata: { labels: { a: 'b' } } }, '', 1],
    ['its annotations change', { metadata: { annotations: { a: 'b' } } }, '', 2],
    ['its status changes', { status: { replicas: 1 } }, 'status', 1],
    ['it is scaled', { spec: { replicas: 3 } }, 'scale', 2],
    ['nothing changes', { spec: { replicas: 2 } }, '', 1],
  ])('where %s', async (_, patch, subresource, generation) => {
    const { client } = await inProcess();
    await createDeployment(client);
    await patchDeployment(client, patch, subresource);
    expect((await client.get('apps/v1/Deployment', 'web', { namespace })).metadata.generation).toBe(generation);
  });

  it('keeps its selector', async () => {
    const { client } = await inProcess();
    await createDeployment(client);
    const other = { matchLabels: { app: 'web', more: 'x' } };
    const changed = patchDeployment(client, { spec: { selector: other, template: { metadata: { labels: other.matchLabels } } } });
    expect(await refusal(changed)).toMatch(/^422 .*spec\.selector: Invalid value: .*: field is immutable$/);
  });
});

describe('the scale of a deployment', () => {
  it('shows what is wanted, what there is, and of which pods', async () => {
    const { client } = await inProcess();
    await createDeployment(client);
    await patchDeployment(client, { status: { replicas: 1 } }, 'status');
    expect(await client.get('apps/v1/Deployment', 'web', { namespace, subresource: 'scale' })).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=web' },
    });
  });

  it('writes nothing but the replicas', async () => {
    const { client } = await inProcess();
    const { metadata: before } = await createDeployment(client);
    await patchDeployment(client, { spec: { replicas: 5 }, metadata: { labels: { a: 'b' } } }, 'scale');
    const { metadata, spec } = await client.get('apps/v1/Deployment', 'web', { namespace });
    expect(spec?.replicas).toBe(5);
    expect(metadata.labels).toEqual(before.labels);
  });

  it('is never negative', async () => {
    const { client } = await inProcess();
    await createDeployment(client);
    expect(await refusal(patchDeployment(client, { spec: { replicas: -1 } }, 'scale'))).toBe(
      '422 Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});

describe('a job', () => {
  const createJob = (client: Client, spec: object = {}) =>
    client.create('batch/v1/Job', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace },
      spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } }, ...spec },
    } as never);
  const patchJob = (client: Client, spec: object) => client.patch('batch/v1/Job', 'once', { spec }, { type: 'merge', namespace });
  const podLabels = { template: { metadata: { labels: { more: 'x' } } } };

  it('is given a selector by its own uid', async () => {
    const { client } = await inProcess();
    const { metadata, spec } = await createJob(client);
    const uid = metadata.uid!;
    expect(spec?.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
    expect(spec?.template.metadata?.labels).toEqual({
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': 'once',
      'controller-uid': uid,
      'job-name': 'once',
    });
  });

  it('may have one of its own, if it says so', async () => {
    const { client } = await inProcess();
    const selector = { matchLabels: LABELS };
    const template = { metadata: { labels: LABELS }, spec: { ...podSpec, restartPolicy: 'Never' } };
    expect(await refusal(createJob(client, { selector, template }))).toMatch(
      /^422 .*spec\.selector: Invalid value: .*`selector` not auto-generated$/,
    );
    expect((await createJob(client, { manualSelector: true, selector, template })).spec?.selector).toEqual(selector);
  });

  it('keeps its template while it runs', async () => {
    const { client } = await inProcess();
    await createJob(client);
    expect(await refusal(patchJob(client, podLabels))).toMatch(/^422 .*spec\.template: Invalid value: .*: field is immutable$/);
  });

  it('may have another template while it is suspended and has not started', async () => {
    const { client } = await inProcess();
    await createJob(client, { suspend: true });
    const { object } = await patchJob(client, podLabels);
    expect(object.spec?.template.metadata?.labels).toMatchObject({ more: 'x' });
  });

  it('may run more pods at a time, but not need another number of them', async () => {
    const { client } = await inProcess();
    await createJob(client, { completions: 4 });
    expect((await patchJob(client, { parallelism: 3 })).object.spec?.parallelism).toBe(3);
    expect(await refusal(patchJob(client, { completions: 5 }))).toContain('spec.completions: Invalid value: 5: field is immutable');
  });
});
