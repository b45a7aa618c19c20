// Which apps of a source a change touches, and which others must be there for them to be judged: those that they depend on, and those that
// share a namespace with them. Pure.
import type { RenderedNamed } from '../apps/prepare-apps.ts';
import { isSameDefinition, rendersSame } from '../apps/same-app.ts';

export interface TouchedApp {
  readonly name: string;
  readonly id: string;
  readonly change: 'added' | 'modified' | 'deleted';
}

/** Those that are defined or rendered otherwise, or have other faults, in the order of head. */
export function touchedApps(base: readonly RenderedNamed[], head: readonly RenderedNamed[]): readonly TouchedApp[] {
  const before = new Map(base.map((app) => [app.app.id, app]));
  const after = new Set(head.map(({ app }) => app.id));
  const touched: TouchedApp[] = [];
  for (const app of head) {
    const was = before.get(app.app.id);
    if (!was || !isSameDefinition(was, app) || !rendersSame(was.rendered, app.rendered))
      touched.push({ name: app.name, id: app.app.id, change: was ? 'modified' : 'added' });
  }
  for (const { app, name } of base) if (!after.has(app.id)) touched.push({ name, id: app.id, change: 'deleted' });
  return touched;
}

/** Ids of those that must run for the touched ones to be judged. */
export function neededFor(touched: readonly TouchedApp[], apps: readonly RenderedNamed[]): ReadonlySet<string> {
  const chosen = new Set(touched.map(({ id }) => id));
  const byId = new Map<string, RenderedNamed[]>();
  for (const app of apps) byId.set(app.app.id, [...(byId.get(app.app.id) ?? []), app]);
  const namespaces = new Set([...chosen].flatMap((id) => (byId.get(id) ?? []).flatMap(namespacesOf)));
  for (const app of apps) if (namespacesOf(app).some((namespace) => namespaces.has(namespace))) chosen.add(app.app.id);
  for (const id of chosen) for (const { app } of byId.get(id) ?? []) for (const dependency of app.dependsOn) chosen.add(dependency.app);
  return chosen;
}

const namespacesOf = ({ app, rendered: { manifests } }: RenderedNamed): string[] => [
  ...new Set(
    manifests.flatMap(({ object: { kind, metadata } }) => {
      if (kind === 'Namespace') return metadata.name ?? [];
      return metadata.namespace || (MAKES_PODS.has(kind) ? (app.namespace ?? 'default') : []);
    }),
  ),
];

/** They live in the app's namespace where they name none; of other kinds nobody knows here whether they live in any. */
const MAKES_PODS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Pod',
  'Service',
  'ConfigMap',
  'Secret',
]);
