// The Service `kubernetes` and its endpoints are looked after by the server itself.
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import { bootstrap } from '../../../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';

const SLICE = 'discovery.k8s.io/v1/EndpointSlice';
const inDefault = { namespace: 'default' } as const;

async function server() {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const random = new Random(1);
  const store = new MemoryStore(clock);
  const api = standaloneApiServer({ clock, random, store });
  await bootstrap({ store, clock, random });
  const client = new Client(new InProcessTransport(api, { username: 'admin', groups: ['system:masters'] }, 'test'));
  return { client, clock, store };
}

test('its endpoints are there from the start, and are valid', async () => {
  const { client } = await server();
  const { subsets, metadata } = await client.get('v1/Endpoints', 'kubernetes', inDefault);
  const [ip] = subsets?.[0]?.addresses ?? [];
  expect(subsets).toEqual([{ addresses: [ip], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }]);
  expect(metadata.labels).toEqual({ 'endpointslice.kubernetes.io/skip-mirror': 'true' });
  const slice = await client.get(SLICE, 'kubernetes', inDefault);
  expect(slice.endpoints).toEqual([{ addresses: [ip!.ip], conditions: { ready: true } }]);
  await expect(client.update(SLICE, slice)).resolves.toEqual(slice);
});

describe('within ten seconds', () => {
  test.each(['v1/Service', 'v1/Endpoints', SLICE] as const)('%s is there again', async (kind) => {
    const { client, clock } = await server();
    const before = await client.get(kind, 'kubernetes', inDefault);
    await client.delete(kind, 'kubernetes', inDefault);
    await clock.advance(11_000);
    const { metadata: _, ...after } = await client.get(kind, 'kubernetes', inDefault);
    expect({ ...after, metadata: before.metadata }).toEqual(before);
  });

  test('endpoints are what they were', async () => {
    const { client, clock } = await server();
    const { subsets } = await client.get('v1/Endpoints', 'kubernetes', inDefault);
    await client.patch('v1/Endpoints', 'kubernetes', { subsets: [{ addresses: [{ ip: '192.0.2.1' }] }] }, { type: 'merge', ...inDefault });
    await clock.advance(11_000);
    expect((await client.get('v1/Endpoints', 'kubernetes', inDefault)).subsets).toEqual(subsets);
  });

  test('what somebody adds to the Service stays', async () => {
    const { client, clock, store } = await server();
    await client.patch('v1/Service', 'kubernetes', { metadata: { labels: { a: 'b' } } }, { type: 'merge', ...inDefault });
    const { revision } = store;
    await clock.advance(60_000);
    expect(store.revision).toBe(revision);
  });
});
