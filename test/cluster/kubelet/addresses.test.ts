// Addresses that are made up for nodes and their pods, in clusters of any size.
import { isIPv4 } from 'node:net';
import { expect, test } from 'vitest';
import { nodeManifest } from '../../../src/cluster/default-nodes.ts';
import { madeUpAddress } from '../../../src/cluster/kubelet/kubelets.ts';

const NODES = 6000;

test('every node has a valid address of its own', () => {
  const addresses = Array.from({ length: NODES }, (_, n) => madeUpAddress(n));
  expect(addresses.filter((a) => !isIPv4(a))).toEqual([]);
  expect(new Set(addresses).size).toBe(NODES);
  expect([addresses[0], addresses[254], addresses[255]]).toEqual(['10.64.0.1', '10.64.0.255', '10.64.1.0']);
});

test('every default node has a valid range of its own for its pods', () => {
  const ranges = Array.from({ length: NODES }, (_, i) => nodeManifest(i).spec?.podCIDR ?? '');
  expect(ranges.filter((r) => !isIPv4(r.replace(/\/24$/, '')))).toEqual([]);
  expect(new Set(ranges).size).toBe(NODES);
  expect([ranges[0], ranges[3071], ranges[3072]]).toEqual(['10.244.0.0/24', '10.255.255.0/24', '11.0.0.0/24']);
});
