// Admission webhooks: what they are asked, and what becomes of their answers. No connection is opened.
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { JsonObject, KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import type { WebhookCall } from '../../../../src/cluster/apiserver/admission/webhook/webhook-caller.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../../without-controllers.ts';
import { refusal } from '../in-process.ts';

type Loose = Record<string, unknown>;
type Answers = Readonly<Record<string, (request: Loose, call: WebhookCall) => Loose>>;
const namespace = 'default';
const CONFIG_MAPS = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE', 'DELETE'] };

const patch = (...operations: Loose[]): Loose => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const add = (key: string, value: string): Loose => ({ op: 'add', path: `/data/${key}`, value });

/** @param answers by the path of the webhook's URL */
async function server(answers: Answers) {
  const asked: { path: string; request: Loose }[] = [];
  const call = (sent: WebhookCall): Promise<JsonObject> => {
    const path = new URL(sent.config.url!).pathname.slice(1);
    const request = sent.body['request'] as Loose;
    asked.push({ path, request });
    const response = answers[path];
    if (!response) return Promise.reject(new Error(`Post "${sent.config.url!}": connection refused`));
    return Promise.resolve({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: request['uid'], ...response(request, sent) },
    } as JsonObject);
  };
  const api = standaloneApiServer({
    clock: new VirtualClock(0),
    random: new Random(1),
    webhooks: { call, reaches: ({ url }) => url !== undefined },
    ...WITHOUT_CONTROLLERS,
  });
  const client = new Client(new InProcessTransport(api, { username: 'admin', groups: ['system:masters'] }, 'test'));
  const warnings: string[] = [];
  const create = (object: Loose, dryRun = false): Promise<KubernetesObject> =>
    client.create(`${object['apiVersion'] as string}/${object['kind'] as string}`, object as unknown as Manifest<KubernetesObject>, {
      onWarning: (warning) => warnings.push(warning),
      ...(dryRun ? { dryRun } : {}),
    });
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return { client, create, asked, warnings };
}

const webhook = (path: string, more: Loose = {}): Loose => ({
  name: `${path}.example.com`,
  clientConfig: { url: `https://example.com/${path}` },
  rules: [CONFIG_MAPS],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const configuration = (kind: 'Mutating' | 'Validating', ...webhooks: Loose[]): Loose => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${kind}WebhookConfiguration`,
  metadata: { name: kind.toLowerCase() },
  webhooks,
});
const configMap = (name: string, data: Loose = { a: 'x' }): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const dataOf = (object: KubernetesObject): unknown => (object as unknown as Loose)['data'];

describe('Validating webhooks', () => {
  it('refuse with what they say, and warn', async () => {
    const { create, warnings, asked } = await server({
      no: ({ name }) =>
        name === 'bad' ? { allowed: false, status: { code: 403, message: 'not this one' }, warnings: ['think again'] } : { allowed: true },
    });
    await create(configuration('Validating', webhook('no')));
    await create(configMap('good'));
    expect(await refusal(create(configMap('bad')))).toBe('403 admission webhook "no.example.com" denied the request: not this one');
    expect(warnings).toEqual([]);
    expect(asked[0]!.request).toMatchObject({
      operation: 'CREATE',
      namespace,
      name: 'good',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      userInfo: { username: 'admin' },
      object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'x' } },
      oldObject: null,
      dryRun: false,
    });
  });

  it('refuse without a word', async () => {
    const { create } = await server({ no: () => ({ allowed: false }) });
    await create(configuration('Validating', webhook('no')));
    expect(await refusal(create(configMap('one')))).toBe('400 admission webhook "no.example.com" denied the request without explanation');
  });

  it('are passed over where nobody could answer', async () => {
    const { create, asked } = await server({});
    const service = { name: 'hooks', namespace };
    await create(configuration('Validating', webhook('far', { clientConfig: { service } })));
    await create(configMap('one'));
    expect(asked).toEqual([]);
  });

  it('see what is deleted', async () => {
    const { client, create, asked } = await server({ yes: () => ({ allowed: true }) });
    await create(configMap('one'));
    await create(configuration('Validating', webhook('yes')));
    await client.delete('v1/ConfigMap', 'one', { namespace });
    expect(asked[0]!.request).toMatchObject({ operation: 'DELETE', object: null, oldObject: { data: { a: 'x' } } });
  });

  it('that cannot be reached fail the request, unless they are to be ignored', async () => {
    const { client, create } = await server({});
    await create(configuration('Validating', webhook('gone')));
    expect(await refusal(create(configMap('one')))).toBe(
      '500 Internal error occurred: failed calling webhook "gone.example.com": failed to call webhook: ' +
        'Post "https://example.com/gone": connection refused',
    );
    await client.delete('admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration', 'validating');
    await create(configuration('Validating', webhook('gone', { failurePolicy: 'Ignore' })));
    await create(configMap('one'));
  });

  it.each<[string, Loose]>([
    ['expected response.uid="', { uid: 'other', allowed: true }],
    ['validating webhook may not return response.patch', { allowed: true, patch: 'W10=' }],
  ])('must answer as they are asked: %s', async (why, answer) => {
    const { create } = await server({ odd: () => answer });
    await create(configuration('Validating', webhook('odd')));
    expect(await refusal(create(configMap('one')))).toContain(
      `500 Internal error occurred: failed calling webhook "odd.example.com": received invalid webhook response: ${why}`,
    );
  });

  it('are told of dry runs', async () => {
    const { create, asked } = await server({ told: () => ({ allowed: true }) });
    await create(configuration('Validating', webhook('told')));
    await create(configMap('one'), true);
    expect(asked[0]!.request['dryRun']).toBe(true);
  });

  it('are asked where their conditions hold', async () => {
    const { create, asked } = await server({ yes: () => ({ allowed: true }) });
    const matchConditions = [{ name: 'named', expression: "object.metadata.name.startsWith('my-')" }];
    await create(configuration('Validating', webhook('yes', { matchConditions })));
    await create(configMap('one'));
    await create(configMap('my-one'));
    expect(asked.map(({ request }) => request['name'])).toEqual(['my-one']);
  });
});

describe('Mutating webhooks', () => {
  it('change objects, one after the other, before others validate', async () => {
    const { create, asked } = await server({
      first: () => patch(add('b', 'first')),
      second: ({ object }) => patch(add('c', `${(object as { data: { b: string } }).data.b}, second`)),
      check: () => ({ allowed: true }),
    });
    await create(configuration('Mutating', webhook('first'), webhook('second')));
    await create(configuration('Validating', webhook('check')));
    const expected = { a: 'x', b: 'first', c: 'first, second' };
    expect(dataOf(await create(configMap('one')))).toEqual(expected);
    expect(asked.at(-1)).toMatchObject({ path: 'check', request: { object: { data: expected } } });
  });

  it('are asked again about what others changed, where they want to', async () => {
    const { create, asked } = await server({ first: () => ({ allowed: true }), second: () => patch(add('b', 'y')) });
    await create(configuration('Mutating', webhook('first', { reinvocationPolicy: 'IfNeeded' }), webhook('second')));
    await create(configMap('one'));
    expect(asked.map(({ path }) => path)).toEqual(['first', 'second', 'first']);
  });

  it('must answer with patches that can be applied', async () => {
    const { create } = await server({ odd: () => patch({ op: 'remove', path: '/data/missing' }) });
    await create(configuration('Mutating', webhook('odd')));
    expect(await refusal(create(configMap('one')))).toMatch(/^500 Internal error occurred: .*missing/);
  });

  it('are not asked about the configurations of webhooks', async () => {
    const { create, asked } = await server({});
    const everything = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] };
    await create(configuration('Mutating', webhook('all', { rules: [everything] })));
    await create(configuration('Validating', webhook('all', { rules: [everything] })));
    expect(asked).toEqual([]);
  });
});
