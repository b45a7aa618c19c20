// The table of nodes. Follows pkg/printers/internalversion.
import type { Node } from '#api/core/v1';
import { age } from './ages.ts';
import { columnsOf, NONE, text, UNKNOWN, wide } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE = 'kubernetes.io/role';

function statusCell({ spec, status }: Node): string {
  const ready = (status?.conditions ?? [])
    .filter(({ type }) => type === 'Ready')
    .map(({ status: s }) => (s === 'True' ? 'Ready' : 'NotReady'));
  return [...(ready.length ? ready : ['Unknown']), ...(spec?.unschedulable ? ['SchedulingDisabled'] : [])].join(',');
}

function rolesCell({ metadata: { labels = {} } }: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE && value) roles.add(value);
  }
  return [...roles].sort().join(',') || NONE;
}

const addressOf = ({ status }: Node, type: string): string => status?.addresses?.find((a) => a.type === type)?.address ?? NONE;

function kernelCell({ status }: Node): string {
  const { kernelVersion = '', architecture = '' } = status?.nodeInfo ?? {};
  if (!kernelVersion) return UNKNOWN;
  return architecture ? `${kernelVersion} (${architecture})` : kernelVersion;
}

export const nodeColumns = columnsOf<Node>(
  [
    NAME,
    text('Status', 'Whether it is ready, and takes pods.'),
    text('Roles', 'What its labels say that it is for.'),
    AGE,
    text('Version', 'Version of its kubelet.'),
    wide('Internal-IP', 'Address inside the cluster.'),
    wide('External-IP', 'Address outside of it.'),
    wide('OS-Image', 'Operating system.'),
    wide('Kernel-Version', 'Version of the kernel.'),
    wide('Container-Runtime', 'Runtime and its version.'),
  ],
  (node, now) => {
    const info = node.status?.nodeInfo;
    return [
      node.metadata.name!,
      statusCell(node),
      rolesCell(node),
      age(node.metadata.creationTimestamp, now),
      info?.kubeletVersion ?? '',
      addressOf(node, 'InternalIP'),
      addressOf(node, 'ExternalIP'),
      info?.osImage || UNKNOWN,
      kernelCell(node),
      info?.containerRuntimeVersion || UNKNOWN,
    ];
  },
);
