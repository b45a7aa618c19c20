// Policies of admission at work: what they refuse, warn of and change. Words as a v1.36 API server gives them.
import { describe, expect, it } from 'vitest';
import type { KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import type { Client } from '../../../../src/client/client.ts';
import { inProcess, namespace, refusal } from '../in-process.ts';

type Loose = Record<string, unknown>;
const GROUP = 'admissionregistration.k8s.io/v1';
const CONFIG_MAPS = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] };

async function server(...objects: Loose[]) {
  const { client } = await inProcess();
  const warnings: string[] = [];
  const create = (object: Loose): Promise<KubernetesObject> =>
    client.create(`${object['apiVersion'] as string}/${object['kind'] as string}`, object as unknown as Manifest<KubernetesObject>, {
      onWarning: (warning) => warnings.push(warning),
    });
  for (const object of objects) await create(object);
  return { client, create, warnings };
}

const policy = (spec: Loose, rule: Loose = CONFIG_MAPS): Loose => ({
  apiVersion: GROUP,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'rules' },
  spec: { matchConstraints: { resourceRules: [rule] }, ...spec },
});
const binding = (spec: Loose = {}): Loose => ({
  apiVersion: GROUP,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'bound' },
  spec: { policyName: 'rules', validationActions: ['Deny'], ...spec },
});
const mutating = (spec: Loose, rule: Loose = CONFIG_MAPS): Loose => ({
  apiVersion: GROUP,
  kind: 'MutatingAdmissionPolicy',
  metadata: { name: 'changes' },
  spec: { matchConstraints: { resourceRules: [rule] }, reinvocationPolicy: 'Never', ...spec },
});
const mutatingBinding = (spec: Loose = {}): Loose => ({
  apiVersion: GROUP,
  kind: 'MutatingAdmissionPolicyBinding',
  metadata: { name: 'changes' },
  spec: { policyName: 'changes', ...spec },
});
const configMap = (name: string, data: Loose = {}, labels: Loose = {}): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels },
  data,
});
const apply = (expression: string): Loose => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string): Loose => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

const denied = (name: string, why: string): string =>
  `422 configmaps "${name}" is forbidden: ValidatingAdmissionPolicy 'rules' with binding 'bound' denied request: ${why}`;

describe('ValidatingAdmissionPolicy', () => {
  it('refuses with its message, with that of an expression, or with the expression that failed', async () => {
    const { create } = await server(
      policy({
        validations: [
          { expression: "!has(object.data.a) || object.data.a == 'x'", message: 'a must be x' },
          { expression: "!has(object.data.b) || object.data.b == 'x'", messageExpression: "'b is ' + object.data.b" },
          { expression: '!has(object.data.c)', reason: 'Forbidden' },
        ],
      }),
      binding(),
    );
    expect(await refusal(create(configMap('one', { a: 'y' })))).toBe(denied('one', 'a must be x'));
    expect(await refusal(create(configMap('one', { b: 'y' })))).toBe(denied('one', 'b is y'));
    expect(await refusal(create(configMap('one', { c: 'y' })))).toBe(
      denied('one', 'failed expression: !has(object.data.c)').replace('422', '403'),
    );
    await create(configMap('one', { a: 'x', b: 'x' }));
  });

  it('takes effect with its binding, and ends with it', async () => {
    const { client, create } = await server(policy({ validations: [{ expression: 'false' }] }));
    await create(configMap('one'));
    await create(binding());
    expect(await refusal(create(configMap('two')))).toBe(denied('two', 'failed expression: false'));
    await client.delete(`${GROUP}/ValidatingAdmissionPolicyBinding`, 'bound');
    await create(configMap('two'));
  });

  it('only warns where it is bound so', async () => {
    const { create, warnings } = await server(
      policy({ validations: [{ expression: 'false', message: 'not like this' }] }),
      binding({ validationActions: ['Warn', 'Audit'] }),
    );
    await create(configMap('one'));
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'rules' with binding 'bound': not like this"]);
  });

  it('sees what is asked, what was there, and its variables', async () => {
    const { client, create } = await server(
      policy({
        variables: [
          { name: 'unused', expression: '[][0]' },
          { name: 'before', expression: "oldObject == null ? 'none' : oldObject.data.a" },
        ],
        validations: [
          { expression: "request.operation == 'CREATE' || variables.before == object.data.a", message: 'a is kept' },
          { expression: `request.userInfo.username == 'admin' && namespaceObject.metadata.name == '${namespace}'` },
        ],
      }),
      binding(),
    );
    const made = (await create(configMap('one', { a: 'x' }))) as unknown as Loose;
    expect(await refusal(client.update('v1/ConfigMap', { ...made, data: { a: 'y' } } as never))).toBe(denied('one', 'a is kept'));
  });

  it('is silent where its conditions do not hold', async () => {
    const { create } = await server(
      policy({
        matchConditions: [{ name: 'labelled', expression: "object.metadata.?labels.team.orValue('') == 'a'" }],
        validations: [{ expression: 'false' }],
      }),
      binding(),
    );
    await create(configMap('one'));
    expect(await refusal(create(configMap('two', {}, { team: 'a' })))).toBe(denied('two', 'failed expression: false'));
  });

  it('is for the objects and namespaces that its selectors choose', async () => {
    const { create } = await server(
      policy({ validations: [{ expression: 'false' }] }),
      binding({
        matchResources: {
          objectSelector: { matchLabels: { team: 'a' } },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      }),
    );
    await create(configMap('one'));
    expect(await refusal(create(configMap('two', {}, { team: 'a' })))).toBe(denied('two', 'failed expression: false'));
  });

  it('refuses or lets pass what its expressions fail at, by failurePolicy', async () => {
    const failing = { validations: [{ expression: "object.data.missing == 'x'" }] };
    const strict = await server(policy(failing), binding());
    expect(await refusal(strict.create(configMap('one', { a: 'x' })))).toBe(
      denied('one', "expression 'object.data.missing == 'x'' resulted in error: no such key: missing"),
    );
    const lenient = await server(policy({ ...failing, failurePolicy: 'Ignore' }), binding());
    await lenient.create(configMap('one'));
  });

  it('is the same for every version of a resource', async () => {
    const { create } = await server(
      policy(
        { validations: [{ expression: "object.apiVersion == 'apps/v1beta1'" }] },
        { apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'], operations: ['CREATE'] },
      ),
      binding(),
    );
    const scaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 },
    };
    expect(await refusal(create(scaler))).toContain("failed expression: object.apiVersion == 'apps/v1beta1'");
  });

  it('asks the authorizer', async () => {
    const { create } = await server(
      policy({
        validations: [{ expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()" }],
      }),
      binding(),
    );
    await create(configMap('one'));
  });
});

describe('The parameters of a policy', () => {
  const withParams = policy(
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [
        { expression: 'object.metadata.name.startsWith(params.data.prefix)', messageExpression: "'must begin with ' + params.data.prefix" },
      ],
    },
    { ...CONFIG_MAPS, resources: ['secrets'] },
  );
  const secret = (name: string): Loose => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });
  const refused = (name: string, why: string): string => denied(name, why).replace('configmaps', 'secrets');

  it('are found by name', async () => {
    const { create } = await server(
      withParams,
      configMap('limits', { prefix: 'my-' }),
      binding({ paramRef: { name: 'limits', namespace, parameterNotFoundAction: 'Deny' } }),
    );
    expect(await refusal(create(secret('one')))).toBe(refused('one', 'must begin with my-'));
    await create(secret('my-one'));
  });

  it('are all that a selector finds', async () => {
    const { create } = await server(
      withParams,
      configMap('first', { prefix: 'my-' }, { limits: 'yes' }),
      configMap('second', { prefix: 'my-own-' }, { limits: 'yes' }),
      binding({ paramRef: { selector: { matchLabels: { limits: 'yes' } }, namespace, parameterNotFoundAction: 'Deny' } }),
    );
    expect(await refusal(create(secret('my-one')))).toBe(refused('my-one', 'must begin with my-own-'));
    await create(secret('my-own-one'));
  });

  it('refuse or let pass where there are none, by parameterNotFoundAction', async () => {
    const { create } = await server(withParams, binding({ paramRef: { name: 'limits', namespace, parameterNotFoundAction: 'Allow' } }));
    await create(secret('one'));
    const strict = await server(withParams, binding({ paramRef: { name: 'limits', namespace, parameterNotFoundAction: 'Deny' } }));
    expect(await refusal(strict.create(secret('one')))).toBe(
      refused('one', 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction'),
    );
  });
});

describe('MutatingAdmissionPolicy', () => {
  const dataOf = async (client: Client, name: string): Promise<unknown> =>
    ((await client.get('v1/ConfigMap', name, { namespace })) as unknown as Loose)['data'];

  it('merges what it applies', async () => {
    const { client, create } = await server(mutating({ mutations: [apply("Object{data: {'b': 'added'}}")] }), mutatingBinding());
    await create(configMap('one', { a: 'x' }));
    expect(await dataOf(client, 'one')).toEqual({ a: 'x', b: 'added' });
  });

  it('patches, one mutation after the other', async () => {
    const { client, create } = await server(
      mutating({
        mutations: [
          patch("[JSONPatch{op: 'add', path: '/data/b', value: 'first'}]"),
          patch("[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('c'), value: object.data.b + '!'}]"),
        ],
      }),
      mutatingBinding(),
    );
    await create(configMap('one', { a: 'x' }));
    expect(await dataOf(client, 'one')).toEqual({ a: 'x', b: 'first', c: 'first!' });
  });

  it('leaves an object that the test of a patch does not hold for', async () => {
    const { client, create } = await server(
      mutating({
        mutations: [patch("[JSONPatch{op: 'test', path: '/data/a', value: 'y'}, JSONPatch{op: 'remove', path: '/data/a'}]")],
      }),
      mutatingBinding(),
    );
    await create(configMap('one', { a: 'x' }));
    expect(await dataOf(client, 'one')).toEqual({ a: 'x' });
  });

  it('is refused with a patch that cannot be applied', async () => {
    const { create } = await server(
      mutating({ mutations: [patch("[JSONPatch{op: 'remove', path: '/data/missing'}]")] }),
      mutatingBinding(),
    );
    expect(await refusal(create(configMap('one', { a: 'x' })))).toMatch(
      /^403 policy 'changes' with binding 'changes' denied request: JSON Patch: error in remove for path: '\/data\/missing'/,
    );
  });

  it('comes before the policies that validate', async () => {
    const { create } = await server(
      mutating({ mutations: [apply("Object{data: {'a': 'x'}}")] }),
      mutatingBinding(),
      policy({ validations: [{ expression: "object.data.a == 'x'" }] }),
      binding(),
    );
    await create(configMap('one', { a: 'y' }));
  });
});
