// ImageLocality: nodes that have the pod's images already are better, the more so the larger the images and the more nodes have them.
import type { Container } from '#api/core/v1';
import { MAX_NODE_SCORE, type Plugin } from '../framework.ts';

const MIN_BYTES = 23 * 1024 * 1024;
const MAX_BYTES_A_CONTAINER = 1000 * 1024 * 1024;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  preScore({ pod }, _nodes, snapshot) {
    const { spec } = pod;
    const containers: Container[] = [...(spec.initContainers ?? []), ...spec.containers];
    const states = containers.map((c) => snapshot.image(normalizedImageName(c.image ?? ''))).filter((s) => s !== undefined);
    if (states.length === 0) return undefined;
    const total = snapshot.nodes.length;
    const most = MAX_BYTES_A_CONTAINER * (containers.length + (spec.volumes ?? []).filter((v) => v.image).length);
    return {
      score({ name }) {
        let sum = 0;
        for (const { sizeBytes, nodes } of states) if (nodes.has(name)) sum += Math.floor(sizeBytes * (nodes.size / total));
        const within = Math.min(Math.max(sum, MIN_BYTES), most);
        return Math.floor((MAX_NODE_SCORE * (within - MIN_BYTES)) / (most - MIN_BYTES));
      },
    };
  },
};

/** Without a tag: the latest. */
export const normalizedImageName = (name: string): string => (name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name);
