// The namespaces that every server has before anything else.
import { bootstrapNamespaces } from '../../src/cluster/apiserver/bootstrap/system-objects.ts';
import type { Client } from '../../src/client/client.ts';

export async function createNamespaces(client: Client): Promise<void> {
  for (const namespace of bootstrapNamespaces()) await client.create('v1/Namespace', namespace);
}
