// Apps that a source once defined and defines no longer, as the cluster remembers them.
import type { Engine } from '../engine.ts';
import { listApplySets, type ApplySet } from '../plan/apply-set.ts';
import type { Prepared } from '../prepare.ts';
import { plainApp } from './app.ts';
import type { AppTree, PreparedApp } from './prepare-apps.ts';

export interface WithdrawnApp {
  readonly app: string;
  readonly set: ApplySet;
  /** The app as if it were still defined, with no objects. */
  readonly prepared: PreparedApp;
}

/** Of the very same source only: another one may define apps of the same names. @param namespace in which they are remembered */
export async function withdrawnApps({ client }: Engine, tree: AppTree, namespace: string): Promise<readonly WithdrawnApp[]> {
  const names = new Set(tree.apps.map(({ name }) => name));
  const sets = (await listApplySets(client, namespace)).filter(
    ({ app, definedBy }) => definedBy?.source === tree.identity && !names.has(app),
  );
  return sets.map((set) => ({ app: set.app, set, prepared: asIfDefined(set, tree) }));
}

function asIfDefined(set: ApplySet, { source }: AppTree): PreparedApp {
  const prepared: Prepared = {
    source: set.remembered?.source ?? source,
    manifests: [],
    errors: [],
    doubts: new Map(),
    warnings: [],
    files: 0,
  };
  const place = { file: '', line: 0, column: 0 };
  const app = { ...plainApp, id: `Withdrawn/${set.app}`, name: set.app, tool: 'jibe' as const, origin: undefined, place, sources: [] };
  return { app, name: set.app, parent: undefined, prepared };
}
