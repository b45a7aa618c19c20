// In which order apps are synced: what each waits for, and whether that can ever come. Pure.
import type { App } from './app.ts';

export interface TreeNode {
  readonly app: App;
  /** The id of the app in which this one was found. */
  readonly parent: string | undefined;
}

/** A fault of the order as a whole, to be told at an app. */
export interface OrderFault {
  readonly app: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  readonly place?: App['place'];
}

/** Whether an app is ready only once an app that was found in it is. */
export function awaitsChild({ app }: TreeNode, child: TreeNode): boolean {
  const [kind, namespace, name] = child.app.id.split('/');
  return (
    app.wait || app.healthChecks.some((check) => check.kind === kind && check.name === name && (check.namespace || namespace) === namespace)
  );
}

/** What can never be synced: apps that depend on one that is nowhere, or on themselves. */
export function orderFaults(nodes: readonly TreeNode[]): readonly OrderFault[] {
  const known = new Map(nodes.map((node) => [node.app.id, node]));
  const missing = nodes.flatMap(({ app }) =>
    app.dependsOn
      .filter((dependency) => !known.has(dependency.app))
      .map((dependency) => ({
        app: app.id,
        path: dependency.field,
        ...(dependency.place ? { place: dependency.place } : {}),
        message: `depends on ${dependency.app}, which is nowhere in the source: ${[...usersOf(app.id, nodes), app.id, dependency.app].join(' → ')}`,
        hint: 'check the name and the namespace, or remove the dependency',
      })),
  );
  const circle = findCircle(nodes, known);
  if (!circle) return missing;
  const [first, second] = circle;
  const { dependsOn } = known.get(first!)!.app;
  const dependency = dependsOn.find(({ app }) => app === (second ?? first)) ?? dependsOn[0];
  return [
    ...missing,
    {
      app: first!,
      path: dependency?.field ?? '',
      ...(dependency?.place ? { place: dependency.place } : {}),
      message: `apps wait for each other in a circle: ${[...circle, first!].join(' → ')}`,
      hint: 'remove one of the dependencies',
    },
  ];
}

/** The apps that need this one, the first of each kind, outermost first. */
function usersOf(id: string, nodes: readonly TreeNode[]): string[] {
  const chain: string[] = [];
  for (let at = id; ;) {
    const user = nodes.find(
      ({ app }) => app.id !== id && !chain.includes(app.id) && app.dependsOn.some((dependency) => dependency.app === at),
    );
    if (!user) return chain;
    at = user.app.id;
    chain.unshift(at);
  }
}

/** Each app has two moments: begun, and ready. What a moment waits for are its edges. */
function findCircle(nodes: readonly TreeNode[], known: ReadonlyMap<string, TreeNode>): readonly string[] | undefined {
  const edges = new Map<string, string[]>();
  for (const node of nodes) {
    const { app, parent } = node;
    edges.set(`begun ${app.id}`, [
      ...app.dependsOn.filter((dependency) => known.has(dependency.app)).map((dependency) => `ready ${dependency.app}`),
      ...(parent === undefined || !known.has(parent) ? [] : [`begun ${parent}`]),
    ]);
    const children = nodes.filter((child) => child.parent === app.id && awaitsChild(node, child));
    edges.set(`ready ${app.id}`, [`begun ${app.id}`, ...children.map((child) => `ready ${child.app.id}`)]);
  }
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (moment: string): readonly string[] | undefined => {
    if (path.includes(moment)) return path.slice(path.indexOf(moment));
    if (done.has(moment)) return undefined;
    path.push(moment);
    for (const next of edges.get(moment) ?? []) {
      const found = walk(next);
      if (found) return found;
    }
    path.pop();
    done.add(moment);
    return undefined;
  };
  for (const moment of edges.keys()) {
    const found = walk(moment);
    if (found) return [...new Set(found.map((text) => text.slice(text.indexOf(' ') + 1)))];
  }
  return undefined;
}

/** The apps, each behind those that it waits for; otherwise in the order given. There must be no circle. */
export function inAppOrder<T extends TreeNode>(nodes: readonly T[]): T[] {
  const known = new Map(nodes.map((node) => [node.app.id, node]));
  const out = new Set<T>();
  const add = (node: T, above: ReadonlySet<T>): void => {
    if (out.has(node) || above.has(node)) return;
    const path = new Set([...above, node]);
    for (const id of [...(node.parent === undefined ? [] : [node.parent]), ...node.app.dependsOn.map((dependency) => dependency.app)]) {
      const before = known.get(id);
      if (before) add(before, path);
    }
    out.add(node);
  };
  for (const node of nodes) add(node, new Set());
  return [...out];
}

/**
 * Apps of one parent with the waves that it gives them: later ones depend on those of the wave before. Only for an Argo CD that is told to
 * judge Applications; by default it makes those of all waves one after the other and waits for none.
 */
export function withWaves<T extends TreeNode>(nodes: readonly T[]): T[] {
  return nodes.map((node) => {
    if (node.app.tool !== 'argocd') return node;
    const siblings = nodes.filter(({ app, parent }) => parent === node.parent && app.tool === 'argocd' && app.wave < node.app.wave);
    const before = Math.max(...siblings.map(({ app }) => app.wave));
    const added = siblings
      .filter(({ app }) => app.wave === before)
      .map(({ app }) => ({ app: app.id, field: 'metadata.annotations[argocd.argoproj.io/sync-wave]' }));
    return added.length ? { ...node, app: { ...node.app, dependsOn: [...node.app.dependsOn, ...added] } } : node;
  });
}
