// What is said of the expressions of ValidatingAdmissionPolicies. Named after the cases of typechecking_test.go in k8s.io/apiserver.
import { describe, expect, test } from 'vitest';
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';

const KIND = 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy';
type Rule = Record<'apiGroups' | 'apiVersions' | 'resources', string[]>;
const of = (group: string, ...resources: string[]): Rule => ({ apiGroups: [group], apiVersions: ['v1'], resources });
const deployments = of('apps', 'deployments');

const policy = (rules: readonly Rule[], expression: string, more: object = {}): Manifest<ValidatingAdmissionPolicy> =>
  ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: rules.map((rule) => ({ ...rule, operations: ['CREATE'] })) },
      validations: [{ expression }],
      ...more,
    },
  }) as unknown as Manifest<ValidatingAdmissionPolicy>;

async function cluster() {
  const started = await Cluster.start({
    clock: new VirtualClock(Date.UTC(2026, 0, 1)),
    random: new Random(1),
    components: ['controllers'],
    nodes: 0,
  });
  const clock = started.clock as VirtualClock;
  const status = async (): Promise<ValidatingAdmissionPolicy['status']> => {
    await clock.advance(1000);
    return (await started.client().get(KIND, 'p')).status;
  };
  return { client: started.client(), status, stop: () => started.stop() };
}

async function warningsOf(manifest: Manifest<ValidatingAdmissionPolicy>): Promise<readonly string[]> {
  const { client, status, stop } = await cluster();
  await client.create(KIND, manifest);
  const said = await status();
  await stop();
  expect(said?.observedGeneration).toBe(1);
  return (said?.typeChecking?.expressionWarnings ?? []).map(({ fieldRef, warning }) => `${fieldRef}\n${warning}`);
}

test('what fits is only marked as seen', async () => {
  const { client, status, stop } = await cluster();
  await client.create(KIND, policy([deployments], "object.spec.replicas > 1 && object.metadata.labels['a'] == 'b'"));
  expect(await status()).toEqual({ observedGeneration: 1, typeChecking: {} });
  const { managedFields } = (await client.get(KIND, 'p')).metadata;
  expect(managedFields?.map(({ manager, subresource }) => [manager, subresource])).toContainEqual([
    'validatingadmissionpolicy-status',
    'status',
  ]);
  await stop();
});

test('it is said anew for each generation', async () => {
  const { client, status, stop } = await cluster();
  await client.create(KIND, policy([deployments], 'object.spec.replicas > 1'));
  await status();
  const spec = { validations: [{ expression: 'object.spec.nosuch > 1' }] };
  await client.patch(KIND, 'p', { spec }, { type: 'merge' });
  const said = await status();
  expect(said?.observedGeneration).toBe(2);
  expect(said?.typeChecking?.expressionWarnings).toHaveLength(1);
  await stop();
});

describe('warnings', () => {
  test.each<[string, Manifest<ValidatingAdmissionPolicy>, readonly string[]]>([
    [
      'a field that there is not',
      policy([deployments], 'object.replicas > 1'),
      [
        "spec.validations[0].expression\napps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
      ],
    ],
    [
      'a type that does not fit',
      policy([deployments], "object.spec.replicas == '1'"),
      [
        "spec.validations[0].expression\napps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(int, string)'\n | object.spec.replicas == '1'\n | .....................^\n",
      ],
    ],
    [
      'one for each kind, in order',
      policy([of('', 'pods'), of('apps', 'replicasets', 'deployments')], 'object.spec.replicas > 1'),
      [
        "spec.validations[0].expression\n/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ...........^\n",
      ],
    ],
    ['none for wildcards', policy([of('*', 'deployments'), of('apps', '*'), of('apps', 'deployments/scale')], 'object.nosuch == 1'), []],
    ['none for kinds that there are not', policy([of('example.com', 'gadgets')], 'object.nosuch == 1'), []],
    [
      'a message',
      policy([deployments], 'true', { validations: [{ expression: 'true', messageExpression: 'string(object.nosuch)' }] }),
      [
        "spec.validations[0].messageExpression\napps/v1, Kind=Deployment: ERROR: <input>:1:14: undefined field 'nosuch'\n | string(object.nosuch)\n | .............^\n",
      ],
    ],
    [
      'a variable of a type',
      policy([deployments], "variables.n == 'x'", { variables: [{ name: 'n', expression: 'object.spec.replicas' }] }),
      [
        "spec.validations[0].expression\napps/v1, Kind=Deployment: ERROR: <input>:1:13: found no matching overload for '_==_' applied to '(int, string)'\n | variables.n == 'x'\n | ............^\n",
      ],
    ],
    [
      'parameters of a built-in kind',
      policy([deployments], "params.data['a'] == 'b' && params.nosuch == 1", { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }),
      [
        "spec.validations[0].expression\napps/v1, Kind=Deployment: ERROR: <input>:1:34: undefined field 'nosuch'\n | params.data['a'] == 'b' && params.nosuch == 1\n | .................................^\n",
      ],
    ],
    [
      'what may be of several types',
      policy([of('', 'services')], "object.spec.ports.all(p, p.targetPort == 80 || p.targetPort == 'http')"),
      [],
    ],
    ['names that CEL keeps for itself', policy([of('', 'pods')], "object.metadata.__namespace__ == 'x'"), []],
    ['times', policy([of('', 'pods')], "object.metadata.creationTimestamp > timestamp('2026-01-01T00:00:00Z')"), []],
    [
      'who asks, and the namespace',
      policy(
        [of('', 'pods')],
        "request.userInfo.username != '' && namespaceObject.metadata.name != '' && authorizer.group('').resource('pods').check('get').allowed()",
      ),
      [],
    ],
  ])('%s', async (_, manifest, expected) => {
    expect(await warningsOf(manifest)).toEqual(expected);
  });

  test('kinds of definitions have the types of their schemas, and all metadata', async () => {
    const { client, status, stop } = await cluster();
    await client.create('apiextensions.k8s.io/v1/CustomResourceDefinition', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } } },
            },
          },
        ],
      },
    });
    await client.create(
      KIND,
      policy([of('example.com', 'gadgets')], "object.spec.n > 1 && 'a' in object.metadata.labels && object.spec.m == 1"),
    );
    expect((await status())?.typeChecking?.expressionWarnings?.map(({ warning }) => warning.split('\n')[0])).toEqual([
      "example.com/v1, Kind=Gadget: ERROR: <input>:1:66: undefined field 'm'",
    ]);
    await stop();
  });
});
