// The namespace that an app's CreateNamespace=true makes. It belongs to nobody: others may have the same wish.
import type { Client } from '../../client/client.ts';
import { asDesired, type DesiredResource } from './desired.ts';
import type { ResourceId } from './resource-id.ts';
import { find } from './scratch.ts';
import type { SyncPolicy } from './sync-policy.ts';

/** The namespace that CreateNamespace=true makes, where nobody has made it and none of the objects is it. */
export async function madeNamespace(
  client: Client,
  name: string,
  { options, namespaceMetadata }: SyncPolicy,
  desired: readonly DesiredResource[],
): Promise<DesiredResource[]> {
  const isIt = ({ id }: DesiredResource): boolean => id.kind === 'Namespace' && id.group === '' && id.name === name;
  if (!options.includes('CreateNamespace=true') || desired.some(isIt)) return [];
  const id: ResourceId = { group: '', version: 'v1', kind: 'Namespace', namespace: '', name };
  const { labels, annotations } = namespaceMetadata;
  const isPlain = Object.keys(labels).length + Object.keys(annotations).length === 0;
  if (isPlain && (await find(client, id))) return [];
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...(isPlain ? {} : { labels, annotations }) } };
  const before = desired.filter(({ phase }) => phase === 'PreSync').map(({ wave }) => wave);
  const [made] = asDesired(object, undefined, () => false, '');
  return [{ ...made!, phase: 'PreSync', wave: Math.min(0, ...before), unowned: true }];
}
