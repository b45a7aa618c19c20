// What a preview takes for granted, in plain sentences: nodes, behaviour, seed, what else is in the cluster, and what nobody simulates. Pure.
import type { Node } from '#api/core/v1';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { counted, listed } from './consequence.ts';
import type { Snapshot } from './snapshot.ts';

export interface Assumed {
  readonly before: Snapshot;
  /** Nobody said which nodes there are. */
  readonly nodesForBase: boolean;
  readonly seed: number;
  /** The release that is to take head; undefined: the one that is simulated. */
  readonly kubernetesVersion: string | undefined;
  /** Somebody said how containers behave. */
  readonly behaves: boolean;
  /** How many objects the manifests of the world are. */
  readonly described: number | undefined;
  readonly snapshot: ClusterSnapshot | undefined;
  /** What of the snapshot was not taken over. */
  readonly notTaken: readonly string[];
  readonly after: Snapshot;
  /** How many faults keep parts of them from being read. */
  readonly unread: { readonly base: number; readonly head: number };
  /** What went on and on: `base`, `head`. */
  readonly restless: readonly string[];
}

export function assumptionsOf({
  before,
  nodesForBase,
  after,
  seed,
  behaves,
  described,
  snapshot,
  notTaken,
  unread,
  restless,
  kubernetesVersion,
}: Assumed): string[] {
  return [
    ...unreadable(unread),
    ...restless.map(
      (what) => `What happens with ${what} does not come to rest; it was watched for a while, and what comes later is not told.`,
    ),
    nodes(before.of('v1/Node'), nodesForBase),
    behaves
      ? 'Images exist, and containers start, fail and stop as the behaviour file says.'
      : 'Images exist, and containers start, stay up and stop as an ordinary program does.',
    ...besides(described, snapshot),
    ...(snapshot?.leftOut ?? []),
    ...notTaken,
    ...idle(before),
    ...webhooks(after),
    ...(kubernetesVersion === undefined ? [] : [`Head is to run on Kubernetes ${kubernetesVersion}.`]),
    'Load, operators, ingress controllers and everything outside the cluster take no part.',
    `What is left to chance follows from seed ${seed}.`,
  ];
}

/** `The cluster has 3 nodes: 3 with 8 CPU and 32Gi.` */
function nodes(all: readonly Node[], forBase: boolean): string {
  const sizes = new Map<string, number>();
  for (const { status, spec } of all) {
    const { cpu = '?', memory = '?' } = status?.allocatable ?? status?.capacity ?? {};
    const size = `${cpu} CPU and ${memory}${spec?.unschedulable ? ' (cordoned)' : ''}`;
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
  }
  if (all.length === 0) return 'The cluster has no nodes.';
  const each = [...sizes].map(([size, n]) => `${n} with ${size}`);
  const labels = [...new Set(all.flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}).flatMap(ownLabel)))].sort();
  const why = [
    ...(all.length > USUAL_NODES ? ['room for twice what base asks for'] : []),
    ...(labels.length ? [`labels that its pods look for (${listed(labels)})`] : []),
  ];
  const told = forBase && why.length ? `; with ${why.join(', and ')}` : '';
  return `The cluster has ${counted(all.length, 'node')}, which stay ready: ${each.join(', ')}${told}.`;
}

const USUAL_NODES = 3;

/** Every node has the others. */
const ownLabel = ([key, value]: [string, string]): string[] =>
  /^(?:kubernetes\.io|beta\.kubernetes\.io|topology\.kubernetes\.io)\//.test(key) ? [] : [`${key}=${value}`];

function besides(described: number | undefined, snapshot: ClusterSnapshot | undefined): string[] {
  if (snapshot)
    return [
      `It holds ${counted(snapshot.objects.length, 'object')} of ${snapshot.cluster || 'another cluster'} as they were when they were read.`,
      ...(described === undefined ? [] : [`${counted(described, 'object')} of the world's manifests were applied over them.`]),
    ];
  return [
    described === undefined
      ? 'Nothing is in it but what base describes: no quotas, policies or objects of others.'
      : `Besides base it holds ${counted(described, 'object')} of the world's manifests.`,
  ];
}

/** What would act in a real cluster and does not here. */
function idle(before: Snapshot): string[] {
  const words: string[] = [];
  const definitions = before.of('apiextensions.k8s.io/v1/CustomResourceDefinition');
  const used = definitions.filter(({ spec: { group, names } }) => before.ofGroupKind(`${group}/${names.kind}`).length > 0);
  if (used.length)
    words.push(
      `No operator acts on custom resources: ${counted(used.length, 'kind')} of them stay${used.length === 1 ? 's' : ''} as written.`,
    );
  if (before.of('autoscaling/v2/HorizontalPodAutoscaler').length)
    words.push('Autoscalers see what simulated containers use, not the load of real ones.');
  return words;
}

function unreadable({ base, head }: Assumed['unread']): string[] {
  return [
    ...(base
      ? [`Parts of base cannot be read (${counted(base, 'error')}): what they describe counts as new, and nothing goes with base.`]
      : []),
    ...(head ? [`Parts of head cannot be read (${counted(head, 'error')}): what they describe is taken to be there still.`] : []),
  ];
}

/** Nobody answers for them here; those whose Service is not there are told of by a rule. */
function webhooks(after: Snapshot): string[] {
  const found = ['Validating', 'Mutating'].flatMap((kind) => after.ofGroupKind(`admissionregistration.k8s.io/${kind}WebhookConfiguration`));
  const names = found.map(({ metadata }) => metadata.name);
  return names.length ? [`Webhooks are not called; they are taken to let everything pass: ${listed([...new Set(names)])}.`] : [];
}
