// Order between single objects, as kapp (change-group, change-rule) and cli-utils (depends-on) write it: each object's stage within its
// phase and wave, and among those that go away; what must be gone before something else is made. What a stage needs is in the stages
// before it. Pure.
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

/** Of objects that are applied. */
export function stagesOf(items: readonly Ruled[]): Stages {
  if (!items.some(isRuled)) return { stages: new Map(), circle: [] };
  const before = new Edges();
  addDependencies(items, (later, earlier) => before.add(later, earlier));
  addRules(rulesOf(items, 'upsert', items, 'upserting'), (later, earlier) => before.add(later, earlier));
  return longestWays(items, before);
}

export interface Removals extends Stages {
  /** Of what must be gone before something is applied: the keys of that. */
  readonly goesBefore: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Of objects that are taken away. Where nothing else is said, what was made after another goes before it.
 *
 * @param applied objects of the same sync
 */
export function removalsOf(items: readonly Ruled[], applied: readonly Ruled[]): Removals {
  const before = new Edges();
  const own = rulesOf(items, 'delete', items, 'deleting');
  addRules(own, (later, earlier) => before.add(later, earlier));
  const said = new Set(own.map(({ key }) => key));
  const mirrored = items.filter(({ id }) => !said.has(resourceKey(id)));
  addDependencies(mirrored, (later, earlier) => before.add(earlier, later));
  addRules(rulesOf(mirrored, 'upsert', mirrored, 'upserting'), (later, earlier) => before.add(earlier, later));
  const goesBefore = new Edges();
  for (const { key, rule, others } of rulesOf(items, 'delete', applied, 'upserting'))
    if (rule === 'before') for (const other of others) goesBefore.add(key, other);
  for (const { key, rule, others } of rulesOf(applied, 'upsert', items, 'deleting'))
    if (rule === 'after') for (const other of others) goesBefore.add(other, key);
  for (const [key, applies] of goesBefore.to)
    for (const needed of reachable(before, key)) for (const other of applies) goesBefore.add(needed, other);
  return { ...longestWays(items, before), goesBefore: goesBefore.to };
}

/** All that a removal waits for, and what that waits for. */
function reachable({ to }: Edges, from: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const todo = [from];
  for (let key = todo.pop(); key !== undefined; key = todo.pop())
    for (const next of to.get(key) ?? [])
      if (!seen.has(next)) {
        seen.add(next);
        todo.push(next);
      }
  return seen;
}

class Edges {
  readonly to = new Map<string, Set<string>>();

  add(from: string, to: string): void {
    if (from === to) return;
    const known = this.to.get(from);
    if (known) known.add(to);
    else this.to.set(from, new Set([to]));
  }
}

/** @param before which objects each one waits for */
function longestWays(items: readonly Ruled[], { to: before }: Edges): Stages {
  const byKey = new Map(items.map((item) => [resourceKey(item.id), item]));
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

const isRuled = ({ annotations }: Ruled): boolean =>
  Object.keys(annotations).some((key) => key === DEPENDS_ON || key.startsWith(CHANGE_RULE));

/** What is no part of the sync is there, or is not: it cannot be waited for. */
function addDependencies(items: readonly Ruled[], add: (later: string, earlier: string) => void): void {
  const keys = new Set(items.map(({ id }) => resourceKey(id)));
  for (const { id, annotations } of items)
    for (const reference of (annotations[DEPENDS_ON] ?? '').split(',')) {
      const other = referredKey(reference.trim());
      if (other !== undefined && keys.has(other)) add(resourceKey(id), other);
    }
}

function addRules(rules: readonly Rule[], add: (later: string, earlier: string) => void): void {
  for (const { key, rule, others } of rules)
    for (const other of others) {
      if (rule === 'after') add(key, other);
      else add(other, key);
    }
}

interface Rule {
  readonly key: string;
  readonly rule: 'after' | 'before';
  /** The objects of its group. */
  readonly others: readonly string[];
}

/** Rules of `items` that are about what they do and about what those of the groups among `among` do. */
function rulesOf(
  items: readonly Ruled[],
  does: 'upsert' | 'delete',
  among: readonly Ruled[],
  others: 'upserting' | 'deleting',
): readonly Rule[] {
  const groups = new Map<string, string[]>();
  for (const item of among)
    for (const group of valuesOf(item, CHANGE_GROUP)) groups.set(group, [...(groups.get(group) ?? []), resourceKey(item.id)]);
  if (groups.size === 0) return [];
  return items.flatMap((item) =>
    valuesOf(item, CHANGE_RULE).flatMap((text): Rule[] => {
      const [, verb, rule, other, group] = /^(upsert|delete) (after|before) (upserting|deleting) (\S+)$/.exec(text) ?? [];
      return verb === does && other === others
        ? [{ key: resourceKey(item.id), rule: rule as Rule['rule'], others: groups.get(group!) ?? [] }]
        : [];
    }),
  );
}

/** Annotations may be given several times with endings of their own: `kapp.k14s.io/change-rule.db`; and name parts of the object's id. */
function valuesOf({ id, annotations }: Ruled, name: string): string[] {
  const parts: Readonly<Record<string, string>> = { 'api-group': id.group, kind: id.kind, namespace: id.namespace, name: id.name };
  return Object.entries(annotations)
    .filter(([key]) => key === name || key.startsWith(`${name}.`))
    .map(([, value]) =>
      value
        .trim()
        .replace(/\s+/g, ' ')
        .replace(/\{([a-z-]+)\}/g, (whole, part: string) => parts[part] ?? whole),
    );
}

/** `group/kind/name`, or `group/namespaces/namespace/kind/name`. */
function referredKey(reference: string): string | undefined {
  const parts = reference.split('/');
  const [group = '', second = '', third = '', kind = '', name = ''] = parts;
  if (parts.length === 5 && second === 'namespaces') return resourceKey({ group, version: '', kind, namespace: third, name });
  if (parts.length === 3) return resourceKey({ group, version: '', kind: second, namespace: '', name: third });
  return undefined;
}
