import { describe, expect, test } from 'vitest';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import type { VolumeAttachment } from '#api/storage/v1';
import { attachmentName, driverOf, uniqueVolumeName } from '../../../src/apimachinery/core/csi-volumes.ts';
import {
  blockers,
  MAX_WAIT_FOR_UNMOUNT_MS,
  planNode,
  volumesOfPod,
  type Desired,
} from '../../../src/cluster/controllers/attach-detach/plan.ts';
import { planResize } from '../../../src/cluster/controllers/simulated-resizer.ts';
import { at, pod, stored } from './harness.ts';

const DRIVER = 'disk.example.test';
const volume = (name: string, spec: PersistentVolume['spec'] = {}, annotations: Readonly<Record<string, string>> = {}): PersistentVolume =>
  stored<PersistentVolume>({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      csi: { driver: DRIVER, volumeHandle: `handle-${name}` },
      claimRef: { namespace: 'default', name: 'data', uid: 'uid-of-data' },
      ...spec,
    },
  });
const unique = uniqueVolumeName(DRIVER, 'handle-a');

const attachment = (attached: boolean, metadata: object = {}): VolumeAttachment =>
  stored<VolumeAttachment>({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: attachmentName('handle-a', DRIVER, 'node-1'), ...metadata },
    spec: { attacher: DRIVER, nodeName: 'node-1', source: { persistentVolumeName: 'a' } },
    status: { attached },
  });

interface NodeSketch {
  readonly inUse?: boolean;
  readonly attached?: boolean;
  readonly ready?: boolean;
  readonly taint?: string;
}
const node = ({ inUse = false, attached = false, ready = true, taint }: NodeSketch): Node =>
  stored<Node>({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1' },
    spec: taint ? { taints: [{ key: taint, effect: 'NoExecute' }] } : {},
    status: {
      volumesInUse: inUse ? [unique] : [],
      volumesAttached: attached ? [{ name: unique, devicePath: '' }] : [],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
    },
  });

const wanted: ReadonlyMap<string, Desired> = new Map([
  ['a', { volume: { name: 'a', driver: DRIVER, handle: 'handle-a', claim: 'default/data', shared: false }, pods: [pod({ name: 'web' })] }],
]);
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

describe('reconcile', () => {
  const now = at('00:10:00');
  test.each([
    { situation: 'wanted', of: node({}), want: true, have: undefined, expected: { attach: 1 } },
    { situation: 'asked for, not attached yet', of: node({}), want: true, have: attachment(false), expected: {} },
    { situation: 'attached: told and said', of: node({}), want: true, have: attachment(true), expected: { told: 1, says: [unique] } },
    { situation: 'attached and said', of: node({ attached: true }), want: true, have: attachment(true), expected: {} },
    {
      situation: 'on its way out: a new one must wait',
      of: node({}),
      want: true,
      have: attachment(true, { deletionTimestamp: 'x' }),
      expected: {},
    },
    {
      situation: 'not wanted, and let go of: first unsaid, then detached',
      of: node({ attached: true }),
      want: false,
      have: attachment(true),
      expected: { detach: 1, says: [] },
    },
    {
      situation: 'still mounted',
      of: node({ attached: true, inUse: true }),
      want: false,
      have: attachment(true),
      expected: { waits: true },
    },
    {
      situation: 'still mounted long after, on a node that is well',
      of: node({ attached: true, inUse: true }),
      want: false,
      have: attachment(true),
      since: now - MAX_WAIT_FOR_UNMOUNT_MS,
      expected: { waits: true },
    },
    {
      situation: 'still mounted long after, on a node that is not',
      of: node({ attached: true, inUse: true, ready: false }),
      want: false,
      have: attachment(true),
      since: now - MAX_WAIT_FOR_UNMOUNT_MS,
      expected: { detach: 1, says: [] },
    },
    {
      situation: 'still mounted on a node that is out of service',
      of: node({ attached: true, inUse: true, ready: false, taint: OUT_OF_SERVICE }),
      want: false,
      have: attachment(true),
      expected: { detach: 1, says: [] },
    },
    { situation: 'the node is gone', of: undefined, want: false, have: attachment(true), expected: { detach: 1 } },
  ])('$situation', ({ of, want, have, since, expected }) => {
    const plan = planNode({
      node: of,
      desired: want ? wanted : new Map(),
      attachments: have ? [{ attachment: have, volume: volume('a') }] : [],
      detaching: () => since,
      now,
    });
    expect({
      ...(plan.attach.length > 0 ? { attach: plan.attach.length } : {}),
      ...(plan.detach.length > 0 ? { detach: plan.detach.length } : {}),
      ...(plan.succeeded.length > 0 ? { told: plan.succeeded.length } : {}),
      ...(plan.attached ? { says: plan.attached } : {}),
      ...(plan.waiting.size > 0 ? { waits: true } : {}),
    }).toEqual(expected);
  });
});

test.each([
  { there: [], expected: "Volume is already exclusively attached to one node and can't be attached to another" },
  { there: ['default/a', 'default/b'], expected: 'Volume is already used by pod(s) a, b' },
  { there: ['default/a', 'other/b'], expected: 'Volume is already used by pod(s) a and 1 pod(s) in different namespaces' },
  { there: ['other/a', 'other/b'], expected: 'Volume is already used by 2 pod(s) in different namespaces' },
])('reportMultiAttachError: $expected', ({ there, expected }) => {
  const pods = there.map((key) => {
    const [namespace = '', name = ''] = key.split('/');
    const one = pod({ name });
    return { ...one, metadata: { ...one.metadata, namespace } };
  });
  expect(blockers(pod({ name: 'web' }), pods)).toBe(expected);
});

describe('which volumes of a pod are attached', () => {
  const claim = stored<PersistentVolumeClaim>({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { volumeName: 'a' },
    status: { phase: 'Bound' },
  });
  const of = (one: ReturnType<typeof pod>, one_volume: PersistentVolume, attachRequired?: boolean): string[] => {
    const withVolume = { ...one, spec: { ...one.spec, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } };
    const driver =
      attachRequired === undefined
        ? undefined
        : stored<never>({ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: DRIVER }, spec: { attachRequired } });
    const found = volumesOfPod(withVolume, {
      claims: { get: () => claim },
      volumes: { get: () => one_volume },
      drivers: { get: () => driver },
    });
    return found.map(({ name, shared }) => (shared ? `${name} shared` : name));
  };
  test.each([
    { situation: 'of a driver that nobody knows', found: of(pod({ name: 'web' }), volume('a')), expected: ['a'] },
    { situation: 'of one that asks for it', found: of(pod({ name: 'web' }), volume('a'), true), expected: ['a'] },
    { situation: 'of one that does not', found: of(pod({ name: 'web' }), volume('a'), false), expected: [] },
    { situation: 'of many', found: of(pod({ name: 'web' }), volume('a', { accessModes: ['ReadWriteMany'] })), expected: ['a shared'] },
    { situation: 'of a pod that ended', found: of(pod({ name: 'web', phase: 'Failed' }), volume('a')), expected: [] },
    { situation: 'of a deleted pod of which nothing runs', found: of(pod({ name: 'web', deleted: true }), volume('a')), expected: [] },
    {
      situation: 'of another claim',
      found: of(pod({ name: 'web' }), volume('a', { claimRef: { namespace: 'default', name: 'data', uid: 'former' } })),
      expected: [],
    },
  ])('$situation', ({ found, expected }) => expect(found).toEqual(expected));
});

test('volumes that were in-tree are those of a driver', () => {
  expect(driverOf(volume('a'))).toEqual({ driver: DRIVER });
  const { csi: _, ...spec } = volume('a').spec!;
  const migrated = { ...volume('a'), spec: { ...spec, awsElasticBlockStore: { volumeID: 'x' } } };
  expect(driverOf(migrated)).toEqual({ driver: 'ebs.csi.aws.com', migratedFrom: 'kubernetes.io/aws-ebs' });
});

describe('expandAndRecover', () => {
  interface Sizes {
    readonly asks: string;
    readonly has: string;
    readonly volume: string;
    readonly state?: string;
    readonly begun?: string;
    readonly noted?: boolean;
  }
  test.each<Sizes & { situation: string; expected: string }>([
    { situation: 'as large as asked', asks: '1Gi', has: '1Gi', volume: '1Gi', expected: 'done' },
    { situation: 'asks for more', asks: '3Gi', has: '1Gi', volume: '1Gi', expected: 'resize 3Gi' },
    {
      situation: 'asks for still more while the file system grows',
      asks: '5Gi',
      has: '1Gi',
      volume: '3Gi',
      state: 'NodeResizePending',
      begun: '3Gi',
      expected: 'done',
    },
    {
      situation: 'asks for less again while the volume grows',
      asks: '2Gi',
      has: '1Gi',
      volume: '1Gi',
      state: 'ControllerResizeInProgress',
      begun: '3Gi',
      expected: 'resize 3Gi',
    },
    {
      situation: 'the volume grew, and nobody wrote it down',
      asks: '3Gi',
      has: '1Gi',
      volume: '3Gi',
      state: 'ControllerResizeInProgress',
      begun: '3Gi',
      expected: 'resize 3Gi',
    },
    {
      situation: 'the kubelet is at it',
      asks: '3Gi',
      has: '1Gi',
      volume: '3Gi',
      state: 'NodeResizeInProgress',
      begun: '3Gi',
      expected: 'done',
    },
    { situation: 'all has grown', asks: '3Gi', has: '3Gi', volume: '3Gi', noted: true, begun: '3Gi', expected: 'forget' },
  ])('$situation', ({ asks, has, volume: size, state, begun, noted, expected }) => {
    const claim = stored<PersistentVolumeClaim>({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { resources: { requests: { storage: asks } } },
      status: {
        capacity: { storage: has },
        ...(begun ? { allocatedResources: { storage: begun } } : {}),
        ...(state ? { allocatedResourceStatuses: { storage: state } } : {}),
      },
    });
    const annotations = noted ? { 'volume.alpha.kubernetes.io/pre-resize-capacity': '1Gi' } : undefined;
    const plan = planResize(claim, volume('a', { capacity: { storage: size } }, annotations ?? {}));
    expect(plan.is === 'resize' ? `resize ${plan.size.text}` : plan.is).toBe(expected);
  });
});
