// ConfigMaps and Secrets whose content changes while the pods that use it run on: what they read into their environment stays as it was,
// files follow after a while. Pods that are replaced in the same change are none of it, for whatever reason they are.
import { isPodActive } from '../../../apimachinery/core/pod.ts';
import { idOf, resourceText } from '../../plan/resource-id.ts';
import { configUses, contentOf, type ConfigUse } from '../config-uses.ts';
import { counted, listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

export const silentConfigChanges: Rule = (evidence) =>
  (['ConfigMap', 'Secret'] as const).flatMap((kind) =>
    evidence.after.of(`v1/${kind}`).flatMap((is) => {
      const was = evidence.before.get(`v1/${kind}`, is.metadata.namespace ?? '', is.metadata.name);
      if (!was || was.metadata.resourceVersion === is.metadata.resourceVersion) return [];
      const [old, now] = [contentOf(was), contentOf(is)];
      const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
      return keys.length ? unnoticed(evidence, kind, is, keys) : [];
    }),
  );

interface Users {
  readonly workload: string;
  pods: number;
  readonly as: Set<ConfigUse['as']>;
}

function unnoticed(evidence: Evidence, kind: ConfigUse['kind'], object: Parameters<typeof idOf>[0], keys: readonly string[]): Finding[] {
  const { namespace = '', name } = object.metadata;
  const earlier = new Set(evidence.before.of('v1/Pod').map(({ metadata }) => metadata.uid));
  const users = new Map<string, Users>();
  for (const pod of evidence.after.of('v1/Pod')) {
    if (pod.metadata.namespace !== namespace || !earlier.has(pod.metadata.uid) || !isPodActive(pod)) continue;
    const uses = configUses(pod.spec).filter(
      (use) => use.kind === kind && use.name === name && use.as !== 'pullSecret' && (use.keys ?? keys).some((key) => keys.includes(key)),
    );
    if (uses.length === 0) continue;
    const workload = resourceText(idOf(evidence.after.outermost(pod)));
    const known = users.get(workload) ?? { workload, pods: 0, as: new Set() };
    known.pods++;
    for (const { as } of uses) known.as.add(as);
    users.set(workload, known);
  }
  if (users.size === 0) return [];
  const id = idOf(object);
  const stale = [...users.values()].some(({ as }) => as.has('environment') || as.has('subPath'));
  return [
    {
      severity: stale ? 'warning' : 'info',
      type: 'SilentConfigChange',
      reason: stale ? 'NeedsRestart' : 'FilesFollow',
      object: id,
      message: `${resourceText(id)} changes, and the pods that use it run on: ${listed([...users.values()].map(userText))}`,
      remedy: stale
        ? 'restart them (kubectl rollout restart), or let its name or an annotation of the pod template change with its content'
        : 'where the program does not read its files again, restart the pods',
      fields: keys.map((key) => (/^[\w$-]+$/.test(key) ? `data.${key}` : `data[${key}]`)),
    },
  ];
}

function userText({ workload, pods, as }: Users): string {
  const how = [
    as.has('environment') ? 'its environment stays as it was' : '',
    as.has('subPath') ? 'files mounted with subPath stay as they were' : '',
    as.has('files') ? 'mounted files change in place after about a minute' : '',
  ];
  return `${workload} (${counted(pods, 'pod')}; ${how.filter(Boolean).join('; ')})`;
}
