// Order between single objects, as kapp (change-group, change-rule) and cli-utils (depends-on) write it: each object's stage within its
// phase and wave. What a stage needs is in the stages before it. Pure.
import { resourceKey, type ResourceId } from './resource-id.ts';

export interface Ruled {
  readonly id: ResourceId;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Stages {
  /** By the key of {@link resourceKey}; those that are in none are in stage 0. */
  readonly stages: ReadonlyMap<string, number>;
  /** Objects that wait for each other, as a chain; empty where there is none. */
  readonly circle: readonly ResourceId[];
}

export function stagesOf(items: readonly Ruled[]): Stages {
  if (!items.some(({ annotations }) => Object.keys(annotations).some((key) => key === DEPENDS_ON || key.startsWith(CHANGE_RULE))))
    return { stages: new Map(), circle: [] };
  const byKey = new Map(items.map((item) => [resourceKey(item.id), item]));
  const before = needs(items, byKey);
  const stages = new Map<string, number>();
  const path: string[] = [];
  let circle: readonly string[] = [];
  const stageOf = (key: string): number => {
    const known = stages.get(key);
    if (known !== undefined) return known;
    if (path.includes(key)) {
      circle = path.slice(path.indexOf(key));
      return 0;
    }
    path.push(key);
    const stage = Math.max(-1, ...[...(before.get(key) ?? [])].map(stageOf)) + 1;
    path.pop();
    stages.set(key, stage);
    return stage;
  };
  for (const key of byKey.keys()) stageOf(key);
  return { stages, circle: circle.map((key) => byKey.get(key)!.id) };
}

const DEPENDS_ON = 'config.kubernetes.io/depends-on';
const CHANGE_GROUP = 'kapp.k14s.io/change-group';
const CHANGE_RULE = 'kapp.k14s.io/change-rule';

/** Which objects each one waits for. */
function needs(items: readonly Ruled[], byKey: ReadonlyMap<string, Ruled>): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, string[]>();
  for (const { id, annotations } of items)
    for (const group of valuesOf(annotations, CHANGE_GROUP)) groups.set(group, [...(groups.get(group) ?? []), resourceKey(id)]);
  const before = new Map<string, Set<string>>();
  const add = (later: string, earlier: string): void => {
    if (later === earlier) return;
    const known = before.get(later);
    if (known) known.add(earlier);
    else before.set(later, new Set([earlier]));
  };
  for (const { id, annotations } of items) {
    const key = resourceKey(id);
    for (const reference of (annotations[DEPENDS_ON] ?? '').split(',')) {
      const other = referredKey(reference.trim());
      // what is no part of the sync is there, or is not: it cannot be waited for
      if (other !== undefined && byKey.has(other)) add(key, other);
    }
    for (const rule of valuesOf(annotations, CHANGE_RULE)) {
      const parsed = /^upsert (after|before) upserting (\S+)$/.exec(rule);
      if (!parsed) continue;
      for (const other of groups.get(parsed[2]!) ?? []) {
        if (parsed[1] === 'after') add(key, other);
        else add(other, key);
      }
    }
  }
  return before;
}

/** Annotations may be given several times with endings of their own: `kapp.k14s.io/change-rule.db`. */
const valuesOf = (annotations: Readonly<Record<string, string>>, name: string): string[] =>
  Object.entries(annotations)
    .filter(([key]) => key === name || key.startsWith(`${name}.`))
    .map(([, value]) => value.trim().replace(/\s+/g, ' '));

/** `group/kind/name`, or `group/namespaces/namespace/kind/name`. */
function referredKey(reference: string): string | undefined {
  const parts = reference.split('/');
  const [group = '', second = '', third = '', kind = '', name = ''] = parts;
  if (parts.length === 5 && second === 'namespaces') return resourceKey({ group, version: '', kind, namespace: third, name });
  if (parts.length === 3) return resourceKey({ group, version: '', kind: second, namespace: '', name: third });
  return undefined;
}
