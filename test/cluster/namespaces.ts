// The namespaces that every cluster has.
import type { Client } from '../../src/client/client.ts';

export async function createNamespaces(client: Client): Promise<void> {
  for (const name of ['default', 'kube-system', 'kube-node-lease'])
    await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}
