// What is told of a ResourceClaim after it was made, and who may ask for devices that are in use.
import { expect, it } from 'vitest';
import type { ResourceClaim, ResourceClaimStatus } from '#api/resource/v1';
import type { Client } from '../../../src/client/client.ts';
import { inProcess, namespace, refusal } from './in-process.ts';

const CLAIM = 'resource.k8s.io/v1/ResourceClaim';
const GPU = { driver: 'gpu.example.com', pool: 'worker-1', device: 'gpu-0' };
const ALLOCATED: ResourceClaimStatus = { allocation: { devices: { results: [{ request: 'gpu', ...GPU }] } } };

async function claimed(adminAccess?: boolean): Promise<{ client: Client; claim: ResourceClaim }> {
  const { client } = await inProcess();
  return { client, claim: await create(client, adminAccess) };
}

const create = (client: Client, adminAccess?: boolean): Promise<ResourceClaim> =>
  client.create(CLAIM, {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name: 'gpu', namespace },
    spec: {
      devices: {
        requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', ...(adminAccess === undefined ? {} : { adminAccess }) } }],
      },
    },
  });

const setStatus = (client: Client, claim: ResourceClaim, status: ResourceClaimStatus): Promise<ResourceClaim> =>
  client.update(CLAIM, { ...claim, status }, { subresource: 'status' });

const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Ready', message: '' };

it('an allocation with users and what the driver tells of the device is taken', async () => {
  const { client, claim } = await claimed();
  const status: ResourceClaimStatus = {
    ...ALLOCATED,
    reservedFor: [{ resource: 'pods', name: 'web', uid: 'u' }],
    devices: [{ ...GPU, conditions: [ready], data: { serial: '1' }, networkData: { ips: ['10.9.8.7/24'] } }],
  };
  expect((await setStatus(client, claim, status)).status).toEqual(status);
});

it.each<[string, ResourceClaimStatus, string]>([
  ['users of nothing', { reservedFor: [{ resource: 'pods', name: 'web', uid: 'u' }] }, 'status.reservedFor: Forbidden'],
  [
    'a request that there is not',
    { allocation: { devices: { results: [{ request: 'nic', ...GPU }] } } },
    'status.allocation.devices.results[0].request: Invalid value: "nic": must be the name of a request in the claim',
  ],
  [
    'a device that is not allocated',
    { ...ALLOCATED, devices: [{ ...GPU, device: 'gpu-1', conditions: [] }] },
    'status.devices[0]: Invalid value: gpu.example.com/worker-1/gpu-1: must be an allocated device in the claim',
  ],
  [
    'two of one condition',
    { ...ALLOCATED, devices: [{ ...GPU, conditions: [ready, ready] }] },
    'status.devices[0].conditions[1].type: Duplicate value: "Ready"',
  ],
  [
    'a share without a proper id',
    { allocation: { devices: { results: [{ request: 'gpu', ...GPU, shareID: 'x' }] } } },
    'status.allocation.devices.results[0].shareID: Invalid value: "x"',
  ],
])('refused: %s', async (_, status, message) => {
  const { client, claim } = await claimed();
  expect(await refusal(setStatus(client, claim, status))).toContain(message);
});

it('an allocation does not change; it goes, and what was told of its devices with it', async () => {
  const { client, claim } = await claimed();
  const allocated = await setStatus(client, claim, { ...ALLOCATED, devices: [{ ...GPU, conditions: [] }] });
  const other = { allocation: { devices: { results: [{ request: 'gpu', ...GPU, device: 'gpu-1' }] } } };
  expect(await refusal(setStatus(client, allocated, other))).toContain('status.allocation: Invalid value');
  const { allocation: _, ...rest } = allocated.status!;
  expect((await setStatus(client, allocated, rest)).status).toEqual({});
});

it('devices in use are for namespaces of administrators', async () => {
  const { client } = await inProcess();
  expect(await refusal(create(client, true))).toContain('spec.devices.requests[0].adminAccess: Forbidden: admin access to devices');
  const ns = await client.get('v1/Namespace', namespace);
  const labels = { ...ns.metadata.labels, 'resource.kubernetes.io/admin-access': 'true' };
  await client.update('v1/Namespace', { ...ns, metadata: { ...ns.metadata, labels } });
  expect((await create(client, true)).spec.devices.requests[0]!.exactly!.adminAccess).toBe(true);
});
