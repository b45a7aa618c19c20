// Server-side apply from one request to the next: who owns which field, and what becomes of it.
// Rules of https://kubernetes.io/docs/reference/using-api/server-side-apply/
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import type { Client } from '../../../src/client/client.ts';
import { inProcess, namespace, refusal } from '../apiserver/in-process.ts';

type Step = (client: Client) => Promise<unknown>;

const DEPLOYMENT = 'apps/v1/Deployment';
const SERVICE = 'v1/Service';
const NAME = 'web';

function applied(kind: string, manager: string, fields: object, { force = false, subresource = '' } = {}): Step {
  const short = kind.slice(kind.lastIndexOf('/') + 1);
  const body = { apiVersion: kind.slice(0, -short.length - 1), kind: short, metadata: { name: NAME }, ...fields };
  return (client) =>
    client.patch(kind, NAME, body, {
      type: 'apply',
      namespace,
      fieldManager: manager,
      ...(force ? { force } : {}),
      ...(subresource ? { subresource } : {}),
    });
}
const merged =
  (kind: string, manager: string, body: object, subresource = ''): Step =>
  (client) =>
    client.patch(kind, NAME, body, { type: 'merge', namespace, fieldManager: manager, ...(subresource ? { subresource } : {}) });

const labels = { app: 'web' };
const container = (fields: object = {}, name = 'a') => ({ name, image: 'i:1', ...fields });
const deployment = (spec: object = {}, containers: readonly object[] = [container()]) => ({
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } }, ...spec },
});
const service = (ports: readonly object[], more: object = {}) => ({ spec: { selector: labels, ports, ...more } });
const port = (number: number, more: object = {}) => ({ name: `p${number}`, port: number, protocol: 'TCP', ...more });
const data = (values: object) => ({ data: values });
const CONFIG_MAP = 'v1/ConfigMap';

interface Row {
  readonly rule: string;
  readonly kind: string;
  readonly before: readonly Step[];
  readonly then: Step;
  /** How the last step is refused, or what is there after it. */
  readonly refused?: RegExp;
  readonly left?: (object: never) => unknown;
  readonly expected?: unknown;
}

const values = (o: { data?: object }): unknown => o.data;
const replicas = (o: { spec: { replicas?: number } }): unknown => o.spec.replicas;
const images = (o: { spec: { template: { spec: { containers: { name: string; image: string }[] } } } }): unknown =>
  o.spec.template.spec.containers.map((c) => `${c.name}=${c.image}`);
const ports = (o: { spec: { ports: { port: number }[] } }): unknown => o.spec.ports.map((p) => p.port);
const managers = (o: KubernetesObject): unknown =>
  o.metadata.managedFields?.map((m) => `${m.manager} ${m.operation}${m.subresource ? ` ${m.subresource}` : ''}`).sort();

const ROWS: readonly Row[] = [
  {
    rule: 'apply creates what is not there',
    kind: CONFIG_MAP,
    before: [],
    then: applied(CONFIG_MAP, 'a', data({ x: '1' })),
    left: managers,
    expected: ['a Apply'],
  },
  {
    rule: 'a field of another manager with another value is a conflict',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' }))],
    then: applied(CONFIG_MAP, 'b', data({ x: '2' })),
    refused: /^409 Apply failed with 1 conflict: conflict with "a": \.data\.x$/,
  },
  {
    rule: 'a field that was written without apply is a conflict too',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' })), merged(CONFIG_MAP, 'm', data({ y: '1' }))],
    then: applied(CONFIG_MAP, 'b', data({ y: '2' })),
    refused: /conflict with "m" using v1: \.data\.y/,
  },
  {
    rule: 'force takes the field from its manager',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' }))],
    then: applied(CONFIG_MAP, 'b', data({ x: '2' }), { force: true }),
    left: managers,
    expected: ['b Apply'],
  },
  {
    rule: 'the same value makes both own it',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' }))],
    then: applied(CONFIG_MAP, 'b', data({ x: '1' })),
    left: managers,
    expected: ['a Apply', 'b Apply'],
  },
  {
    rule: 'a shared field stays when one of its managers gives it up',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' })), applied(CONFIG_MAP, 'b', data({ x: '1' }))],
    then: applied(CONFIG_MAP, 'a', data({})),
    left: values,
    expected: { x: '1' },
  },
  {
    rule: 'a field goes when its only manager gives it up',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1', y: '1' }))],
    then: applied(CONFIG_MAP, 'a', data({ y: '1' })),
    left: values,
    expected: { y: '1' },
  },
  {
    rule: 'what others wrote stays',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' })), merged(CONFIG_MAP, 'm', data({ z: '1' }))],
    then: applied(CONFIG_MAP, 'a', data({ x: '2' })),
    left: values,
    expected: { x: '2', z: '1' },
  },
  {
    rule: 'a manager who changes without apply takes the field, and the next apply conflicts',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment({ replicas: 1 })), merged(DEPLOYMENT, 'm', { spec: { replicas: 3 } })],
    then: applied(DEPLOYMENT, 'a', deployment({ replicas: 1 })),
    refused: /conflict with "m" using apps\/v1: \.spec\.replicas/,
  },
  {
    rule: 'a field that is left to an autoscaler keeps its value',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment({ replicas: 2 })), merged(DEPLOYMENT, 'm', { spec: { replicas: 5 } }, 'scale')],
    then: applied(DEPLOYMENT, 'a', deployment()),
    left: replicas,
    expected: 5,
  },
  {
    rule: 'a field with a default that nobody owns any more gets it',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment({ replicas: 2 }))],
    then: applied(DEPLOYMENT, 'a', deployment()),
    left: replicas,
    expected: 1,
  },
  {
    rule: 'items of a list by key are merged, each with managers of its own',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment()), applied(DEPLOYMENT, 'b', deployment({}, [container({}, 'sidecar')]))],
    then: applied(DEPLOYMENT, 'a', deployment({}, [container({ image: 'i:2' })])),
    left: images,
    expected: ['a=i:2', 'sidecar=i:1'],
  },
  {
    rule: 'an item of a list by key goes with its only manager',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment()), applied(DEPLOYMENT, 'b', deployment({}, [container({}, 'sidecar')]))],
    then: applied(DEPLOYMENT, 'b', { ...deployment({}, []) }),
    left: images,
    expected: ['a=i:1'],
  },
  {
    rule: 'the same key twice is refused',
    kind: SERVICE,
    before: [],
    then: applied(SERVICE, 'a', service([port(80), port(80)])),
    refused: /duplicate entries for key \[port=80,protocol="TCP"\]/,
  },
  {
    rule: 'a key of several fields: port and protocol',
    kind: SERVICE,
    before: [applied(SERVICE, 'a', service([port(80)]))],
    then: applied(SERVICE, 'b', service([port(81)])),
    left: ports,
    expected: [80, 81],
  },
  {
    rule: 'a set is merged value by value',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', { metadata: { name: NAME, finalizers: ['example.com/a'] } })],
    then: applied(CONFIG_MAP, 'b', { metadata: { name: NAME, finalizers: ['example.com/b'] } }),
    left: (o: KubernetesObject) => o.metadata.finalizers,
    expected: ['example.com/a', 'example.com/b'],
  },
  {
    rule: 'an atomic list has one manager for all of it',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment({}, [container({ command: ['x'] })]))],
    then: applied(DEPLOYMENT, 'b', deployment({}, [container({ command: ['y'] })])),
    refused: /\.spec\.template\.spec\.containers\[name="a"\]\.command/,
  },
  {
    rule: 'an atomic map has one manager for all of it',
    kind: SERVICE,
    before: [applied(SERVICE, 'a', service([port(80)]))],
    then: applied(SERVICE, 'b', service([port(80)], { selector: { app: 'other' } })),
    refused: /\.spec\.selector/,
  },
  {
    rule: 'the status is not applied through the object',
    kind: DEPLOYMENT,
    before: [],
    then: applied(DEPLOYMENT, 'a', { ...deployment(), status: { replicas: 9 } }),
    left: (o: { status: { replicas?: number } }) => o.status.replicas ?? 0,
    expected: 0,
  },
  {
    rule: 'the status is applied through its subresource, with managers of its own',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment())],
    then: applied(DEPLOYMENT, 'a', { status: { replicas: 9 } }, { subresource: 'status' }),
    left: managers,
    expected: ['a Apply', 'a Apply status'],
  },
  {
    rule: 'scaling owns the replicas under the name of the subresource',
    kind: DEPLOYMENT,
    before: [applied(DEPLOYMENT, 'a', deployment({ replicas: 2 }))],
    then: merged(DEPLOYMENT, 'm', { spec: { replicas: 3 } }, 'scale'),
    left: managers,
    expected: ['a Apply', 'm Update scale'],
  },
  {
    rule: 'who manages must be said',
    kind: CONFIG_MAP,
    before: [],
    then: applied(CONFIG_MAP, '', data({})),
    refused: /fieldManager: Required value: is required for apply patch/,
  },
  {
    rule: 'managed fields are not applied',
    kind: CONFIG_MAP,
    before: [],
    then: applied(CONFIG_MAP, 'a', { metadata: { name: NAME, managedFields: [], labels: { managed: 'x' } } }),
    refused: /^400 metadata.managedFields must be nil/,
  },
  {
    rule: 'what client-side apply wrote is no conflict for kubectl; what is left out stays, as kubectl itself hands it over',
    kind: CONFIG_MAP,
    before: [
      async (client) =>
        client.create(
          CONFIG_MAP,
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: {
              name: NAME,
              namespace,
              annotations: {
                'kubectl.kubernetes.io/last-applied-configuration':
                  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{},"name":"web","namespace":"default"},"data":{"x":"1","y":"1"}}\n',
              },
            },
            data: { x: '1', y: '1' },
          },
          { fieldManager: 'kubectl-client-side-apply' },
        ),
    ],
    then: applied(CONFIG_MAP, 'kubectl', data({ x: '2' })),
    left: values,
    expected: { x: '2', y: '1' },
  },
  {
    rule: 'emptying managedFields begins anew: all is before-first-apply',
    kind: CONFIG_MAP,
    before: [applied(CONFIG_MAP, 'a', data({ x: '1' })), merged(CONFIG_MAP, 'm', { metadata: { managedFields: [{}] } })],
    then: applied(CONFIG_MAP, 'b', data({ x: '2' })),
    refused: /conflict with "before-first-apply" using v1: \.data\.x/,
  },
];

describe('server-side apply', () => {
  test.each(ROWS)('$rule', async ({ kind, before, then, refused, left, expected }) => {
    const { client } = await inProcess();
    for (const step of before) await step(client);
    if (refused) return expect(await refusal(then(client))).toMatch(refused);
    await then(client);
    expect(left!((await client.get(kind, NAME, { namespace })) as never)).toEqual(expected);
  });
});
