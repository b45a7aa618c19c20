import { describe, expect, test } from 'vitest';
import { plainApp, type App } from '../../../src/reconcile/apps/app.ts';
import { inAppOrder, orderFaults, withWaves, type TreeNode } from '../../../src/reconcile/apps/app-order.ts';

const node = (name: string, dependsOn: readonly string[] = [], more: Partial<App> & { readonly parent?: string } = {}): TreeNode => ({
  app: {
    ...plainApp,
    wait: false,
    id: `App/ns/${name}`,
    name,
    tool: 'flux',
    origin: undefined,
    place: { file: 'x', line: 1, column: 1 },
    sources: [],
    dependsOn: dependsOn.map((other, i) => ({ app: `App/ns/${other}`, field: `spec.dependsOn[${i}]` })),
    ...more,
  },
  parent: more.parent === undefined ? undefined : `App/ns/${more.parent}`,
});
const names = (nodes: readonly TreeNode[]): string[] => nodes.map(({ app }) => app.name);

test('apps come behind what they wait for, otherwise as they stand', () => {
  expect(names(inAppOrder([node('c', ['b']), node('a'), node('b', ['a']), node('d', [], { parent: 'c' })]))).toEqual(['a', 'b', 'c', 'd']);
});

describe('an order that can never be', () => {
  test.each([
    ['nothing wrong', [node('a', ['b']), node('b')], []],
    ['a name that is nowhere', [node('a', ['b']), node('b', ['x'])], ['App/ns/a → App/ns/b → App/ns/x']],
    ['a circle', [node('a', ['b']), node('b', ['c']), node('c', ['a'])], ['App/ns/a → App/ns/b → App/ns/c → App/ns/a']],
    ['an app that depends on itself', [node('a', ['a'])], ['App/ns/a → App/ns/a']],
    [
      'a parent that waits for its child, which depends on it',
      [node('a', [], { wait: true }), node('b', ['a'], { parent: 'a' })],
      ['App/ns/a → App/ns/b → App/ns/a'],
    ],
    ['a parent that does not wait for it', [node('a'), node('b', ['a'], { parent: 'a' })], []],
    ['a parent that depends on its child', [node('a', ['b']), node('b', [], { parent: 'a' })], ['App/ns/a → App/ns/b → App/ns/a']],
  ])('%s', (_, nodes, chains) => {
    expect(orderFaults(nodes).map(({ message }) => message.replace(/^.*: /, ''))).toEqual(chains);
  });
});

test('waves of Applications order them only where Argo CD judges them', () => {
  const apps = [1, 0, 1, 5].map((wave, i) => node(`a${i}`, [], { tool: 'argocd', wave }));
  expect(withWaves(apps).map(({ app }) => app.dependsOn.map((dependency) => dependency.app.slice(-2)))).toEqual([
    ['a1'],
    [],
    ['a1'],
    ['a0', 'a2'],
  ]);
});
