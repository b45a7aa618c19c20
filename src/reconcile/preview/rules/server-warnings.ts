// What the server warns of: API versions and ways of writing that Kubernetes will drop, and everything else; and what the release that is to
// take head no longer serves.
import { groupVersion } from '../../../apimachinery/object.ts';
import { resourceKey, resourceText, type ResourceId } from '../../plan/resource-id.ts';
import { REMOVED_APIS } from '../../validate/removed-apis.ts';
import type { Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

export const serverWarnings: Rule = (evidence) =>
  evidence.plan.resources.flatMap(({ id, desired, action }) =>
    desired ? [...removed(evidence, id), ...warned(evidence, id, action === 'unchanged')] : [],
  );

/** What is simulated. */
const SIMULATED = '1.36';

function removed({ kubernetesVersion = SIMULATED }: Evidence, id: ResourceId): Finding[] {
  const apiVersion = groupVersion(id);
  const api = REMOVED_APIS.get(`${apiVersion}/${id.kind}`);
  if (!api) return [];
  const gone = compareReleases(api.removedIn, kubernetesVersion) <= 0;
  return [
    {
      severity: gone ? 'error' : 'warning',
      type: 'DeprecatedAPI',
      reason: gone ? 'Removed' : 'Deprecated',
      object: id,
      message: `${resourceText(id)} is written for ${apiVersion}, which Kubernetes ${gone ? 'no longer serves since' : 'serves only until'} ${api.removedIn}`,
      remedy: [api.use && `use ${api.use}`, api.note].filter(Boolean).join('; '),
      fields: ['apiVersion'],
    },
  ];
}

/** @param known it was written so before: what else is wrong with it then is no news */
function warned({ warnings }: Evidence, id: ResourceId, known: boolean): Finding[] {
  return (warnings.get(resourceKey(id)) ?? []).flatMap((warning): Finding[] => {
    const fields = [/^([\w.[\]"=-]+): /.exec(warning)?.[1] ?? ''].filter(Boolean);
    // nothing but its words tells one kind of warning from another
    if (!/\bdeprecated\b/.test(warning)) {
      if (known) return [];
      const message = `${resourceText(id)} is taken, with a warning`;
      return [{ severity: 'warning', type: 'ServerWarning', reason: 'Warned', object: id, message, cause: warning, fields }];
    }
    return [
      {
        severity: known ? 'info' : 'warning',
        type: 'DeprecatedAPI',
        reason: 'Deprecated',
        object: id,
        message: `${resourceText(id)} uses what Kubernetes will drop`,
        cause: warning,
        fields: fields.length ? fields : ['apiVersion'],
      },
    ];
  });
}

function compareReleases(a: string, b: string): number {
  const [[aMajor = 0, aMinor = 0], [bMajor = 0, bMinor = 0]] = [a, b].map((release) =>
    release.replace(/^v/, '').split('.').map(Number),
  ) as [number[], number[]];
  return aMajor - bMajor || aMinor - bMinor;
}
