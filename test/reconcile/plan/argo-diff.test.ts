// Manifests against live objects, as Argo CD's own tests have them (argo-diff.jsonl): what differs is told, and nothing that does not.
// Each is asked twice, on a copy of the cluster and as a dry run of the cluster itself; both say the same.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import { planSync, type Engine } from '../../../src/reconcile/engine.ts';
import type { PlannedResource } from '../../../src/reconcile/plan/plan.ts';
import { idOf, kindOf } from '../../../src/reconcile/plan/resource-id.ts';
import { copyScratch, dryRunScratch } from '../../../src/reconcile/plan/scratch.ts';
import type { DesiredObject } from '../../../src/reconcile/render/manifest-document.ts';

interface Case {
  readonly case: string;
  readonly config: DesiredObject;
  readonly live: KubernetesObject;
  /** What a real server predicted. */
  readonly predicted?: KubernetesObject;
}

const CASES = new Map(
  fs
    .readFileSync(path.join(import.meta.dirname, 'argo-diff.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Case)
    .map((one) => [one.case, one]),
);

const SEALED_SECRETS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'sealedsecrets.bitnami.com' },
  spec: {
    group: 'bitnami.com',
    names: { plural: 'sealedsecrets', kind: 'SealedSecret' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

let cluster: Cluster;
beforeAll(async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), store: new MemoryStore(clock), components: [] });
  await cluster.run(cluster.client().create('apiextensions.k8s.io/v1/CustomResourceDefinition', SEALED_SECRETS));
});
afterAll(() => cluster.stop());

/** The plan for a manifest where the object lives. Argo CD's manager takes jibe's part. */
async function planned({ config, live }: Case, scratch: 'copy' | 'dry run'): Promise<PlannedResource> {
  const own = (await cluster.scratch()).client();
  const namespace = live.metadata.namespace ?? '';
  if (namespace && namespace !== 'default')
    await own.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const scope = namespace ? { namespace } : {};
  await own.create(kindOf(idOf(live)), live, { ...scope, fieldValidation: 'Ignore' });
  // whoever creates an object owns all of it
  const managedFields = (live.metadata.managedFields ?? [{}]).map((entry) =>
    'manager' in entry && entry.manager === 'argocd-controller' ? { ...entry, manager: 'jibe' } : entry,
  );
  await own.patch(kindOf(idOf(live)), live.metadata.name, { metadata: { managedFields } }, { type: 'merge', ...scope });
  const engine: Engine = {
    client: own,
    clock: cluster.clock,
    cluster: 'embedded:test',
    scratch: () => Promise.resolve(scratch === 'copy' ? copyScratch(own) : dryRunScratch(own)),
  };
  const plan = await planSync(engine, {
    app: 'app',
    namespace: namespace || 'default',
    objects: [{ object: config, origin: undefined }],
    prune: 'none',
  });
  return plan.resources[0]!;
}

/** Webhooks took part in what the real server predicted. */
const WITH_WEBHOOK = new Set(['smd-deploy2', 'ssd-deploy-composite-key', 'ssd-deploy-with-manual-apply']);

describe('manifests against live objects', () => {
  const told = ({ differences, refusal }: PlannedResource): readonly string[] => [
    ...(refusal ? [refusal.message] : []),
    ...differences.map(({ path: field, live, desired }) => `${field}: ${JSON.stringify(live) ?? '-'} → ${JSON.stringify(desired) ?? '-'}`),
  ];

  test('what differs is told, and nothing that does not', async () => {
    const lines: string[] = [];
    for (const [name, one] of CASES) {
      const differences = told(await cluster.run(planned(one, 'copy')));
      lines.push(name, ...differences.map((line) => `  ${line}`));
    }
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('argo-diff.output.txt');
  });

  test.each([...CASES.keys()])('%s: a dry run says the same as a copy, and as a real server', async (name) => {
    const one = CASES.get(name)!;
    const [dry, copy] = [await cluster.run(planned(one, 'dry run')), await cluster.run(planned(one, 'copy'))];
    expect(told(dry)).toEqual(told(copy));
    if (!one.predicted || WITH_WEBHOOK.has(name)) return;
    const { spec, data } = one.predicted as KubernetesObject & { readonly data?: unknown };
    expect(copy.predicted).toMatchObject({ ...(spec ? { spec } : {}), ...(data ? { data } : {}) });
  });
});
