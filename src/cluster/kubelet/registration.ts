// What a kubelet makes beside its Node when it begins: that volumes are attached for it by the controller, and the CSINode that lists its
// drivers. Follows kubelet_node_status.go and pkg/volume/csi/nodeinfomanager.
import type { Node } from '#api/core/v1';
import type { CSINode } from '#api/storage/v1';
import { CONTROLLER_ATTACHES, MIGRATED_PLUGINS } from '../../apimachinery/core/csi-volumes.ts';
import type { Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';

const CSI_NODE = 'storage.k8s.io/v1/CSINode';

/** Annotations that a kubelet gives its node. */
export const NODE_ANNOTATIONS: Readonly<Record<string, string>> = { [CONTROLLER_ATTACHES]: 'true' };

export async function registerVolumes(client: Client, { metadata }: Node): Promise<void> {
  const { name, uid, annotations } = metadata;
  if (annotations?.[CONTROLLER_ATTACHES] !== 'true')
    await client.patch('v1/Node', name, { metadata: { uid, annotations: NODE_ANNOTATIONS } }, { type: 'strategic' });
  const manifest = csiNode(name, uid);
  try {
    await client.create(CSI_NODE, manifest);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const known = await client.get(CSI_NODE, name);
    // one of a former node of that name would go with it
    if (known.metadata.ownerReferences?.some((owner) => owner.uid === uid)) return;
    const { ownerReferences = [] } = manifest.metadata;
    await client.update(CSI_NODE, { ...known, metadata: { ...known.metadata, ownerReferences } });
  }
}

const csiNode = (name: string, uid: string): Manifest<CSINode> => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: {
    name,
    annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': Object.keys(MIGRATED_PLUGINS).sort().join(',') },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
  },
  spec: { drivers: [] },
});
