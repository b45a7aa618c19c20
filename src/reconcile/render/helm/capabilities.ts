// What templates are told of the cluster (`.Capabilities`): its release and the APIs that it serves.
import type { Client } from '../../../client/client.ts';
import { isForbidden, isNotFound } from '../../../apimachinery/status-error.ts';
import { groupVersion, type GroupVersionKind } from '../../../apimachinery/object.ts';
import { KUBERNETES_VERSION } from '../../../apimachinery/kubernetes-version.ts';
import { builtinKinds } from '../../../apimachinery/schema/schema.ts';

/** The Helm that charts are told they are rendered by. */
export const HELM_VERSION = 'v3.19.0';

/** A cluster, as charts see it. */
export interface ClusterFacts {
  /** `v1.36.3` */
  readonly kubeVersion: string;
  /** Groups with their versions, and kinds of these: `apps/v1`, `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[];
  /** What passwords and keys follow from that charts make up; nobody else's cluster has the same. */
  readonly seed?: string;
}

/** Asks what is known of a cluster. */
export type FindFacts = () => Promise<ClusterFacts>;

/** Of a cluster that can be asked. An embedded one says beside its release that it is one, which makes no difference to charts. */
export const factsOf =
  (client: Client): FindFacts =>
  async () => {
    const [version, resources, seed] = await Promise.all([client.gitVersion(), client.resources(), clusterId(client)]);
    return { kubeVersion: version.replace(/\+jibe$/, ''), apiVersions: apiVersionsOf(resources), seed };
  };

/** As others tell clusters apart: the uid of kube-system. Empty where it may not be read. */
async function clusterId(client: Client): Promise<string> {
  try {
    return (await client.get('v1/Namespace', 'kube-system')).metadata.uid ?? '';
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return '';
    throw error;
  }
}

/**
 * The time that templates are told: the last first of January or July. What is rendered twice is then mostly the same, and certificates that
 * a chart makes for a year are valid.
 *
 * DEVIATION: Helm gives each rendering the time at which it is made, and new passwords and keys.
 */
export function chartTime(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() < 6 ? 0 : 6);
}

let embedded: ClusterFacts | undefined;

/** The embedded cluster, where no other is known. */
export const embeddedFacts = (): ClusterFacts =>
  (embedded ??= { kubeVersion: KUBERNETES_VERSION, apiVersions: apiVersionsOf(builtinKinds()) });

/** As Helm lists them: groups with their versions, and each kind of these. */
export function apiVersionsOf(kinds: readonly GroupVersionKind[]): readonly string[] {
  const versions = new Set<string>();
  for (const kind of kinds) {
    versions.add(groupVersion(kind));
    versions.add(`${groupVersion(kind)}/${kind.kind}`);
  }
  return [...versions];
}

/** `1.29`, `v1.29.3` and `1.29.3-gke.1` to what Helm makes of them; undefined for what is no version. */
export function parseKubeVersion(text: string): string | undefined {
  const [, major, minor, patch = '.0'] = /^\s*v?(\d+)\.(\d+)(\.\d+)?.*$/.exec(text) ?? [];
  return major === undefined ? undefined : `v${Number(major)}.${Number(minor)}.${Number(patch.slice(1))}`;
}
