// What must be there for base to be what it is, although nothing says so: namespaces that somebody made by hand, definitions that came with an
// operator, Secrets that nobody puts into a repository. Base lives in some cluster already; what only head needs is not taken for granted,
// unless a custom resource of head names it: an operator makes it then. Pure, but for `provide`.
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { defineKinds } from '../define-kinds.ts';
import { resourceText } from '../plan/resource-id.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { assumedDefinition, assumedKinds, assumedText, type AssumedKind } from '../validate/assumed-kinds.ts';
import { KnownKinds } from '../validate/known-kinds.ts';
import { listed } from './consequence.ts';
import { needKey, needsOf, placeholder, type Need } from './needs.ts';

/** Objects of a side that go to the same namespace where they name none. */
export interface Part {
  readonly home: string;
  readonly objects: readonly DesiredObject[];
  /** Those that are not what their kind's schema says: nothing is read out of them. */
  readonly faulty: ReadonlySet<DesiredObject>;
}

export interface TakenForGranted {
  readonly kinds: readonly AssumedKind[];
  readonly namespaces: readonly string[];
  /** What base needs; with the manifest of head, where that brings it. */
  readonly needs: readonly { readonly need: Need; readonly brought: DesiredObject | undefined }[];
  /** What head needs and an operator makes: with the custom resource that names it. */
  readonly made: readonly { readonly need: Need; readonly by: string }[];
}

/**
 * @param described what is there besides: the objects of the world, and of the cluster that it was read from
 * @param assumeKinds whether kinds of head are taken for granted too
 */
export function takenForGranted(
  base: readonly Part[],
  head: readonly Part[],
  described: readonly DesiredObject[],
  assumeKinds: boolean,
): TakenForGranted {
  const [before, after] = [placedObjects(base, described), placedObjects(head, described)];
  const all = [...before.objects, ...after.objects].map(({ object }) => object);
  const known = KnownKinds.beside([...described, ...all]);
  const wanted = needs(after);
  const needed = missing(needs(before), before).map((need) => merged(need, wanted.get(needKey(need))));
  const keys = new Set(needed.map(needKey));
  return {
    kinds: assumedKinds(assumeKinds ? all : all.slice(0, before.objects.length), known),
    namespaces: namespacesOf(before, known),
    needs: needed.map((need) => ({ need, brought: after.byKey.get(needKey(need)) })),
    made: missing(wanted, after)
      .filter((need) => !keys.has(needKey(need)))
      .flatMap((need) => {
        const by = maker(need, after, known);
        return by === undefined ? [] : [{ need, by }];
      }),
  };
}

interface PlacedObject {
  readonly object: DesiredObject;
  readonly namespace: string;
  readonly isFaulty: boolean;
}

interface Placed {
  readonly objects: readonly PlacedObject[];
  /** Of everything that is there, by kind, namespace and name. */
  readonly byKey: ReadonlyMap<string, DesiredObject>;
}

function placedObjects(parts: readonly Part[], described: readonly DesiredObject[]): Placed {
  const objects = parts.flatMap(({ home, objects: own, faulty }) =>
    own.map((object) => ({ object, namespace: object.metadata.namespace || home, isFaulty: faulty.has(object) })),
  );
  const there = [...described.map((object) => ({ object, namespace: object.metadata.namespace || 'default' })), ...objects];
  const byKey = new Map<string, DesiredObject>();
  for (const { object, namespace } of there) {
    const { kind, metadata } = object;
    // of a kind that knows no namespace the second is meant
    for (const scope of [namespace, '']) byKey.set(needKey({ kind, namespace: scope, name: metadata.name ?? '' }), object);
  }
  return { objects, byKey };
}

/** By their keys, each with all that is asked of it. */
function needs({ objects }: Placed): ReadonlyMap<string, Need> {
  const found = new Map<string, Need>();
  for (const { object, namespace, isFaulty } of objects)
    for (const need of isFaulty ? [] : needsOf(object, namespace)) found.set(needKey(need), merged(need, found.get(needKey(need))));
  return found;
}

const merged = (need: Need, other: Need | undefined): Need =>
  other ? { ...need, keys: [...new Set([...need.keys, ...other.keys])].sort() } : need;

const missing = (all: ReadonlyMap<string, Need>, { byKey }: Placed): Need[] =>
  [...all.values()].filter((need) => !byKey.has(needKey(need)) && !ALWAYS.has(`${need.kind} ${need.name}`));

/** Every namespace, or every cluster, has these. */
const ALWAYS: ReadonlySet<string> = new Set([
  'ConfigMap kube-root-ca.crt',
  'ServiceAccount default',
  'PriorityClass system-cluster-critical',
  'PriorityClass system-node-critical',
  'Namespace default',
  'Namespace kube-system',
  'Namespace kube-public',
  'Namespace kube-node-lease',
]);

/** A custom resource of the namespace that names what is needed, or has its name. */
function maker({ kind, namespace, name }: Need, { objects }: Placed, known: KnownKinds): string | undefined {
  if (kind !== 'Secret' && kind !== 'ConfigMap') return undefined;
  const found = objects.find(
    (one) =>
      one.namespace === namespace &&
      known.get(one.object.apiVersion, one.object.kind)?.type === undefined &&
      (one.object.metadata.name === name || mentions(one.object.spec, name)),
  );
  return found && `${found.object.kind} ${namespace}/${found.object.metadata.name ?? ''}`;
}

const mentions = (value: unknown, name: string): boolean =>
  value === name || (typeof value === 'object' && value !== null && Object.values(value).some((inner) => mentions(inner, name)));

/** In which the objects are, and which none of them makes. */
function namespacesOf({ objects, byKey }: Placed, known: KnownKinds): readonly string[] {
  const found = new Set<string>();
  for (const { object, namespace } of objects) {
    const isNamespaced = known.get(object.apiVersion, object.kind)?.namespaced ?? object.metadata.namespace !== undefined;
    if (isNamespaced) found.add(namespace);
  }
  return [...found].filter((name) => !byKey.has(`Namespace//${name}`) && !ALWAYS.has(`Namespace ${name}`)).sort();
}

/** Whose it is. */
const SOMEBODY = 'somebody';

/** Makes it so. What the cluster has anyway stays as it is, and what it refuses is not there. Resolves with what was taken for granted, in plain words. */
export async function provide(client: Client, { kinds, namespaces, needs: needed, made }: TakenForGranted): Promise<string[]> {
  const given: string[] = [];
  for (const name of namespaces)
    if (await isMade(client, { kind: 'v1/Namespace', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }))
      given.push(name);
  await defineKinds(client, kinds.map(assumedDefinition));
  const provided: string[] = [];
  for (const { need, brought } of needed)
    // base has another where what head brings is refused
    if ((brought && (await isMade(client, placeholder(need, brought)))) || (await isMade(client, placeholder(need, undefined))))
      provided.push(needText(need));
  const byOperators: string[] = [];
  for (const { need, by } of made) if (await isMade(client, placeholder(need, undefined))) byOperators.push(`${needText(need)} (${by})`);
  return [
    ...(kinds.length
      ? [`What defines these kinds is not in the source; their objects are taken as they stand: ${assumedText(kinds)}.`]
      : []),
    ...(given.length ? [`These namespaces are there already, though the source does not make them: ${listed(given)}.`] : []),
    ...(provided.length
      ? [`Base refers to these and does not make them; they are there, with the keys that are asked for: ${listed(provided)}.`]
      : []),
    ...(byOperators.length ? [`Operators have made what custom resources of head name: ${listed(byOperators)}.`] : []),
  ];
}

const needText = (need: Need): string => resourceText(need);

interface Made {
  readonly kind: string;
  readonly object: Manifest<KubernetesObject>;
}

/** False where it is there already, and where it cannot be: what has no valid name is nobody's. */
async function isMade(client: Client, { kind, object }: Made): Promise<boolean> {
  try {
    await client.create(kind, object, { fieldManager: SOMEBODY });
    return true;
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}
