// Nobody hands out rights that he has not. Rules of
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
import { describe, expect, test } from 'vitest';
import { guarded, type Guarded } from '../apiserver/access/guarded.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const NS = `${RBAC}/namespaces/default`;
const GROUP = 'rbac.authorization.k8s.io';
const AS_JANE = { 'impersonate-user': 'jane' };

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

const pods = (...verbs: string[]): Rule => ({ apiGroups: [''], resources: ['pods'], verbs });
const rbac = (resource: string, ...verbs: string[]): Rule => ({ apiGroups: [GROUP], resources: [resource], verbs });

/** A server in which jane may do this everywhere. */
async function janeMay(...rules: readonly Rule[]): Promise<Guarded> {
  const server = await guarded();
  await server.send('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'janes' }, rules } });
  await server.send('POST', `${RBAC}/clusterrolebindings`, {
    body: {
      metadata: { name: 'janes' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'janes' },
      subjects: [{ kind: 'User', name: 'jane', apiGroup: GROUP }],
    },
  });
  return server;
}

describe('creating a role', () => {
  const ROWS: readonly { readonly rule: string; readonly has: readonly Rule[]; readonly gives: readonly Rule[]; readonly code: number }[] =
    [
      { rule: 'what one has may be given', has: [pods('get', 'list')], gives: [pods('get')], code: 201 },
      { rule: 'a verb more may not', has: [pods('get')], gives: [pods('get', 'delete')], code: 403 },
      {
        rule: 'a resource more may not',
        has: [pods('get')],
        gives: [{ apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get'] }],
        code: 403,
      },
      { rule: 'all verbs are more than some', has: [pods('get', 'list', 'watch')], gives: [pods('*')], code: 403 },
      { rule: 'all verbs cover each', has: [pods('*')], gives: [pods('deletecollection')], code: 201 },
      { rule: 'one name is less than all', has: [pods('get')], gives: [{ ...pods('get'), resourceNames: ['a'] }], code: 201 },
      { rule: 'all names are more than one', has: [{ ...pods('get'), resourceNames: ['a'] }], gives: [pods('get')], code: 403 },
      {
        rule: 'a subresource is not its resource',
        has: [pods('get')],
        gives: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }],
        code: 403,
      },
      { rule: 'several rules together cover one', has: [pods('get'), pods('list')], gives: [pods('get', 'list')], code: 201 },
      { rule: 'escalate allows any role', has: [rbac('roles', 'escalate')], gives: [pods('*')], code: 201 },
    ];
  test.each(ROWS)('$rule', async ({ has, gives, code }) => {
    const server = await janeMay(rbac('roles', 'create', 'update'), ...has);
    const answer = await server.send('POST', `${NS}/roles`, { headers: AS_JANE, body: { metadata: { name: 'new' }, rules: gives } });
    expect(answer.code).toBe(code);
    if (code === 403)
      expect(answer.message).toMatch(
        /is forbidden: user "jane" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:/,
      );
  });

  test('changing a role is checked likewise, whatever is changed, but for what the garbage collector writes', async () => {
    const server = await janeMay(rbac('roles', 'get', 'update', 'patch'));
    await server.send('POST', `${NS}/roles`, { body: { metadata: { name: 'r' }, rules: [pods('get')] } });
    const patch = (body: object) =>
      server.send('PATCH', `${NS}/roles/r`, { headers: { ...AS_JANE, 'content-type': 'application/merge-patch+json' }, body });
    expect((await patch({ metadata: { finalizers: ['example.com/hold'] } })).code).toBe(200);
    expect((await patch({ metadata: { labels: { a: 'b' } } })).code).toBe(403);
    expect((await patch({ rules: [pods('get', 'delete')] })).code).toBe(403);
  });

  test('paths that are no resources are covered by prefix', async () => {
    const url = (path: string): Rule => ({ nonResourceURLs: [path], verbs: ['get'] });
    const server = await janeMay(rbac('clusterroles', 'create'), url('/logs/*'));
    const make = (name: string, path: string) =>
      server.send('POST', `${RBAC}/clusterroles`, { headers: AS_JANE, body: { metadata: { name }, rules: [url(path)] } });
    expect([(await make('in', '/logs/a')).code, (await make('out', '/metrics')).code]).toEqual([201, 403]);
  });
});

describe('binding a role', () => {
  const bind = (server: Guarded, name: string, roleRef: object) =>
    server.send('POST', `${NS}/rolebindings`, {
      headers: AS_JANE,
      body: { metadata: { name }, roleRef: { apiGroup: GROUP, ...roleRef }, subjects: [{ kind: 'User', name: 'joe', apiGroup: GROUP }] },
    });
  const ROWS: readonly { readonly rule: string; readonly has: readonly Rule[]; readonly code: number }[] = [
    { rule: 'who has all that the role allows may bind it', has: [pods('get', 'delete')], code: 201 },
    { rule: 'who has less may not', has: [pods('get')], code: 403 },
    { rule: 'bind allows it', has: [rbac('roles', 'bind')], code: 201 },
    { rule: 'bind of one role by its name allows that', has: [{ ...rbac('roles', 'bind'), resourceNames: ['r'] }], code: 201 },
    { rule: 'bind of another does not', has: [{ ...rbac('roles', 'bind'), resourceNames: ['other'] }], code: 403 },
  ];
  test.each(ROWS)('$rule', async ({ has, code }) => {
    const server = await janeMay(rbac('rolebindings', 'create'), ...has);
    await server.send('POST', `${NS}/roles`, { body: { metadata: { name: 'r' }, rules: [pods('get', 'delete')] } });
    expect((await bind(server, 'new', { kind: 'Role', name: 'r' })).code).toBe(code);
  });

  test('a role that is not there cannot be measured: not found', async () => {
    const server = await janeMay(rbac('rolebindings', 'create'));
    expect((await bind(server, 'new', { kind: 'Role', name: 'none' })).code).toBe(404);
  });
});

describe('impersonation', () => {
  const impersonate = (resource: string, ...resourceNames: string[]): Rule => ({
    apiGroups: [''],
    resources: [resource],
    verbs: ['impersonate'],
    ...(resourceNames.length ? { resourceNames } : {}),
  });
  const ROWS: readonly {
    readonly rule: string;
    readonly has: readonly Rule[];
    readonly headers: Readonly<Record<string, string>>;
    readonly code: number;
  }[] = [
    { rule: 'a user that one may be', has: [impersonate('users', 'joe')], headers: { 'impersonate-user': 'joe' }, code: 200 },
    { rule: 'a user that one may not be', has: [impersonate('users', 'joe')], headers: { 'impersonate-user': 'max' }, code: 403 },
    {
      rule: 'a group needs a right of its own',
      has: [impersonate('users')],
      headers: { 'impersonate-user': 'joe', 'impersonate-group': 'devs' },
      code: 403,
    },
    {
      rule: 'with that right',
      has: [impersonate('users'), impersonate('groups', 'devs')],
      headers: { 'impersonate-user': 'joe', 'impersonate-group': 'devs' },
      code: 200,
    },
    {
      rule: 'a ServiceAccount is one of its own',
      has: [impersonate('users')],
      headers: { 'impersonate-user': 'system:serviceaccount:default:bot' },
      code: 403,
    },
    {
      rule: 'with the right to be ServiceAccounts',
      has: [impersonate('serviceaccounts')],
      headers: { 'impersonate-user': 'system:serviceaccount:default:bot' },
      code: 200,
    },
  ];
  test.each(ROWS)('$rule', async ({ has, headers, code }) => {
    const tokens = { staticTokens: { 'janes-token': { username: 'jane', groups: ['system:authenticated'] } } };
    const server = await guarded(tokens);
    await server.send('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'janes' }, rules: has } });
    await server.send('POST', `${RBAC}/clusterrolebindings`, {
      body: {
        metadata: { name: 'janes' },
        roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'janes' },
        subjects: [{ kind: 'User', name: 'jane', apiGroup: GROUP }],
      },
    });
    // what anybody may read
    expect((await server.send('GET', '/api/v1', { headers: { authorization: 'Bearer janes-token', ...headers } })).code).toBe(code);
  });
});

test('a ClusterRole gathers the rules of others as they come and go, but cannot be given what its maker has not', async () => {
  const server = await janeMay(rbac('clusterroles', 'create'));
  const body = { metadata: { name: 'sum' }, rules: [], aggregationRule: { clusterRoleSelectors: [{ matchLabels: { sum: 'yes' } }] } };
  // it could be filled with anything
  expect((await server.send('POST', `${RBAC}/clusterroles`, { headers: AS_JANE, body })).code).toBe(403);
  expect((await server.send('POST', `${RBAC}/clusterroles`, { body })).code).toBe(201);
});
