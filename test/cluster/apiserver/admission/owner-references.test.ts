// OwnerReferencesPermissionEnforcement: who may make an object hold up its owner's deletion, and who may take owners away.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import { bootstrap } from '../../../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';
import { refusal } from '../in-process.ts';

const CORE = { apiGroups: [''], resources: ['configmaps'] };
const FINALIZERS = { apiGroups: ['apps'], resources: ['deployments/finalizers'], verbs: ['update'] };
const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u' };
const ALLOWED = 'allowed';

test.each<[string, readonly object[], object | undefined, object, string]>([
  ['an owner by itself needs nothing', [], undefined, owner, ALLOWED],
  [
    'holding it up needs its finalizers',
    [],
    undefined,
    { ...owner, blockOwnerDeletion: true },
    "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>",
  ],
  ['with them it may', [FINALIZERS], undefined, { ...owner, blockOwnerDeletion: true }, ALLOWED],
  [
    'of an unknown kind nobody may',
    [FINALIZERS],
    undefined,
    { ...owner, kind: 'Nonsense', blockOwnerDeletion: true },
    'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nonsense',
  ],
  [
    'another owner needs the right to delete',
    [],
    owner,
    { ...owner, uid: 'v' },
    "cannot set an ownerRef on a resource you can't delete: , <nil>",
  ],
  ['with it, it may', [{ ...CORE, verbs: ['delete'] }], owner, { ...owner, uid: 'v' }, ALLOWED],
])('%s', async (_, rules, before, reference, expected) => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const [random, store] = [new Random(1), new MemoryStore(clock)];
  const enableAdmissionPlugins = ['OwnerReferencesPermissionEnforcement'];
  const server = standaloneApiServer({ clock, random, store, enableAdmissionPlugins, access: { authorization: 'Node,RBAC' } });
  await bootstrap({ store, clock, random });
  const as = (username: string, groups: readonly string[]): Client =>
    new Client(new InProcessTransport(server, { username, groups }, 'test'));
  const admin = as('admin', ['system:masters']);
  const API = 'rbac.authorization.k8s.io/v1' as const;
  const namespace = 'default';
  await admin.create(`${API}/Role`, {
    apiVersion: API,
    kind: 'Role',
    metadata: { name: 'r', namespace },
    rules: [{ ...CORE, verbs: ['create', 'update'] }, ...rules] as never,
  });
  await admin.create(`${API}/RoleBinding`, {
    apiVersion: API,
    kind: 'RoleBinding',
    metadata: { name: 'b', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'jane' }],
  });
  const jane = as('jane', ['system:authenticated']);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace, ownerReferences: [reference] } } as const;
  let call: Promise<unknown>;
  if (before) {
    const made = await admin.create('v1/ConfigMap', { ...object, metadata: { ...object.metadata, ownerReferences: [before] } } as never);
    call = jane.update('v1/ConfigMap', { ...made, metadata: { ...made.metadata, ownerReferences: [reference] } } as never);
  } else call = jane.create('v1/ConfigMap', object as never);
  if (expected === ALLOWED) await call;
  else expect(await refusal(call)).toContain(expected);
});
