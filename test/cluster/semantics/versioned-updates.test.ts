// Kinds whose updates must name the version that they change: what of an update is refused then, and what becomes of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ clock: new VirtualClock(Date.UTC(2026, 0, 1)), random: new Random(1), components: [] });
});
afterAll(() => cluster.stop());

interface Given {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

const driver = (name: string): Given => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name },
  spec: { attachRequired: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] },
});
const runtimeClass = (name: string): Given => ({
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name },
  handler: 'kata',
  scheduling: { tolerations: [{ key: 'kata', operator: 'Exists' }] },
});
const node = (name: string): Given => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: { name },
  spec: { drivers: [{ name: 'a.example.com', nodeID: '1', topologyKeys: ['zone'], allocatable: { count: 4 } }] },
});
const attachment = (name: string): Given => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttachment',
  metadata: { name },
  spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } },
});

/** What the update is refused for; `ok` where it is not, with the generation where the kind has one. */
async function updated(given: Given, change: Readonly<Record<string, unknown>>): Promise<string> {
  const client = cluster.client();
  const kind = `${given.apiVersion}/${given.kind}`;
  const live = (await client.create(kind, given as unknown as KubernetesObject)) as KubernetesObject;
  const spec = 'spec' in change ? { spec: { ...(live['spec'] as object), ...(change['spec'] as object) } } : {};
  try {
    const { metadata } = (await client.update(kind, { ...live, ...change, ...spec } as KubernetesObject)) as KubernetesObject;
    return ['ok', ...(metadata.generation === undefined ? [] : [`generation ${metadata.generation}`])].join(' ');
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`).join('; ');
  } finally {
    await client.delete(kind, given.metadata.name);
  }
}

describe('an update', () => {
  test.each<readonly [rule: string, given: Given, change: Readonly<Record<string, unknown>>, told: string]>([
    [
      'of a CSIDriver keeps whether it attaches',
      driver('a'),
      { spec: { attachRequired: false } },
      'spec.attachedRequired: Invalid value: false: field is immutable',
    ],
    [
      'of a CSIDriver keeps its lifecycle modes',
      driver('b'),
      { spec: { volumeLifecycleModes: ['Persistent'] } },
      'spec.volumeLifecycleModes: Invalid value: ["Persistent"]: field is immutable',
    ],
    ['of a CSIDriver counts its generations', driver('c'), { spec: { requiresRepublish: true } }, 'ok generation 1'],
    ['of a CSIDriver does not bring what a gate keeps away', driver('d'), { spec: { preventPodSchedulingIfMissing: true } }, 'ok'],
    [
      'of a RuntimeClass is judged as a new one is',
      runtimeClass('e'),
      { scheduling: { tolerations: [{ key: 'kata', operator: 'Exists', effect: 'No' }] } },
      'scheduling.tolerations[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
      'of a CSINode keeps the ids of its drivers',
      node('f'),
      { spec: { drivers: [{ name: 'a.example.com', nodeID: '2', topologyKeys: ['zone'] }] } },
      'spec.drivers: Invalid value: {"Name":"a.example.com","NodeID":"2","TopologyKeys":["zone"],"Allocatable":null}: field is immutable',
    ],
    [
      'of a CSINode may say otherwise how many volumes a driver takes',
      node('g'),
      { spec: { drivers: [{ name: 'a.example.com', nodeID: '1', topologyKeys: ['zone'], allocatable: { count: 5 } }] } },
      'ok',
    ],
    ['of a CSINode may take a driver away', node('h'), { spec: { drivers: [] } }, 'ok'],
    [
      'of a VolumeAttachment keeps its spec',
      attachment('i'),
      { spec: { nodeName: 'm' } },
      expect.stringMatching(/^spec: .*field is immutable$/) as string,
    ],
  ])('%s', async (_, given, change, told) => {
    expect(await updated(given, change)).toEqual(told);
  });
});
