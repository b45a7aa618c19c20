// The nodes that a cluster has unless it is told otherwise: alike, in three zones.
import type { Node } from '#api/core/v1';
import type { Manifest } from '../apimachinery/object.ts';

const RESOURCES = { cpu: '8', memory: '32Gi', 'ephemeral-storage': '100Gi', pods: '110' };
const ZONES = ['a', 'b', 'c'];

/** What a node has to offer, by the name of the resource. */
export type NodeSize = Readonly<Record<string, string>>;

/** @param i from 0. @param size where it is unlike the usual one */
export function nodeManifest(i: number, size: NodeSize = {}): Manifest<Node> {
  const name = `node-${i + 1}`;
  // 10.244.0.0/24 is the first
  const range = 10 * 256 + 244 + Math.floor(i / 256);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'topology.kubernetes.io/region': 'local', 'topology.kubernetes.io/zone': `zone-${ZONES[i % ZONES.length]}` },
    },
    spec: { podCIDR: `${range >> 8}.${range & 255}.${i % 256}.0/24` },
    status: { capacity: { ...RESOURCES, ...size }, allocatable: { ...RESOURCES, ...size } },
  };
}
