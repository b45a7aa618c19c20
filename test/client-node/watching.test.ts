// Watches and informers of @kubernetes/client-node.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ADD,
  CONNECT,
  CoreV1Api,
  DELETE,
  ERROR,
  KubeConfig,
  UPDATE,
  Watch,
  makeInformer,
  type V1ConfigMap,
  type V1Namespace,
} from '@kubernetes/client-node';
import { RealClock } from '../../src/apimachinery/clock.ts';
import { Random } from '../../src/apimachinery/random.ts';
import { listen } from '../../src/cluster/apiserver/http/socket-server.ts';
import { standaloneApiServer } from '../../src/cluster/apiserver/standalone.ts';
import { createAuthority, issueCertificate } from '../../src/cluster/pki.ts';
import { MemoryStore } from '../../src/cluster/storage/memory-store.ts';
import { WITHOUT_CONTROLLERS } from '../cluster/without-controllers.ts';
import { eventually, served, type Served } from './cluster.ts';

let it: Served;
let core: CoreV1Api;
beforeAll(async () => {
  it = await served([]);
  core = it.config.makeApiClient(CoreV1Api);
});
afterAll(() => it.stop());

const namespace = 'default';
const PATH = `/api/v1/namespaces/${namespace}/configmaps`;
const make = (name: string, labels: Record<string, string> = {}): Promise<V1ConfigMap> =>
  core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });

test('a watch tells what happens from a version on, and bookmarks', async () => {
  const { metadata } = await core.listNamespacedConfigMap({ namespace });
  const seen: string[] = [];
  const controller = await new Watch(it.config).watch(
    PATH,
    { resourceVersion: metadata!.resourceVersion!, allowWatchBookmarks: true, labelSelector: 'watched' },
    (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
    () => {},
  );
  await make('w', { watched: 'yes' });
  await make('unseen');
  await core.replaceNamespacedConfigMap({ namespace, name: 'w', body: { metadata: { name: 'w' } } });
  await eventually(() => (seen.length === 2 ? true : undefined));
  controller.abort();
  expect(seen).toEqual(['ADDED w', 'DELETED w']);
});

test('a watch that ends by its timeout says so without an error', async () => {
  const ended = await new Promise((resolve, reject) => {
    new Watch(it.config).watch(PATH, { timeoutSeconds: 1 }, () => {}, resolve).catch(reject);
  });
  expect(ended).toBeNull();
});

test('an informer lists, watches, and connects anew when the connection is lost', async () => {
  await make('before', { of: 'informer' });
  const informer = makeInformer<V1ConfigMap>(
    it.config,
    PATH,
    () => core.listNamespacedConfigMap({ namespace, labelSelector: 'of=informer' }),
    'of=informer',
  );
  const seen: string[] = [];
  let connects = 0;
  for (const verb of [ADD, UPDATE, DELETE] as const) informer.on(verb, (object) => void seen.push(`${verb} ${object.metadata?.name}`));
  informer.on(CONNECT, () => void connects++);
  informer.on(ERROR, () => void informer.start());
  await informer.start();
  await eventually(() => (seen.length === 1 && connects === 1 ? true : undefined));
  await make('later', { of: 'informer' });
  await eventually(() => (seen.length === 2 ? true : undefined));
  await informer.stop();
  await core.deleteNamespacedConfigMap({ namespace, name: 'before' });
  await informer.start();
  await eventually(() => (connects >= 2 && seen.includes('delete before') ? true : undefined));
  expect(informer.list().map((o) => o.metadata?.name)).toEqual(['later']);
  await informer.stop();
});

test('a watch from a version that is forgotten is refused with 410, in an event, and an informer lists anew', async () => {
  const clock = new RealClock();
  const store = new MemoryStore(clock);
  const token = 'of-a-test';
  const user = { username: 'admin', groups: ['system:masters'] };
  const server = standaloneApiServer({
    clock,
    random: new Random(1),
    store,
    access: { staticTokens: { [token]: user } },
    ...WITHOUT_CONTROLLERS,
  });
  const authority = await createAuthority('kubernetes', clock.now());
  const { key, cert } = await issueCertificate(authority, { commonName: 'kube-apiserver', usage: 'server' }, clock.now());
  const listening = await listen({ server, host: '127.0.0.1', port: 0, key, cert, clientCA: authority.cert, onError() {} });
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'a', server: `https://127.0.0.1:${listening.port}`, skipTLSVerify: true }, { name: 'a', token });
  const api = config.makeApiClient(CoreV1Api);
  const version = (await api.listNamespace()).metadata!.resourceVersion!;
  await api.createNamespace({ body: { metadata: { name: 'newer' } } });
  store.compact(store.revision);
  const events: string[] = [];
  await new Promise((resolve, reject) => {
    const seen = (type: string, object: { readonly code?: number }): number => events.push(`${type} ${object.code}`);
    new Watch(config).watch('/api/v1/namespaces', { resourceVersion: version }, seen, resolve).catch(reject);
  });
  expect(events).toEqual(['ERROR 410']);
  // it asks from that version first
  let lists = 0;
  const informer = makeInformer<V1Namespace>(config, '/api/v1/namespaces', async () => {
    const list = await api.listNamespace();
    return ++lists === 1 ? { ...list, metadata: { resourceVersion: version } } : list;
  });
  await informer.start();
  await eventually(() => (lists === 2 ? true : undefined));
  expect(informer.list().map((o) => o.metadata?.name)).toContain('newer');
  await informer.stop();
  await listening.close();
});
