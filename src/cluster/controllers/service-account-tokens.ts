// Secrets of type `kubernetes.io/service-account-token` are given what they are for, and taken away with their account. Follows
// pkg/controller/serviceaccount/tokens_controller.go.
import type { Secret, ServiceAccount } from '#api/core/v1';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
const BY_ACCOUNT = 'service-account';
const WORKERS = 5;

/** Makes a token that lasts as long as its Secret. */
export type IssueToken = (namespace: string, account: { readonly name: string; readonly uid: string }, secret: string) => Promise<string>;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const accountOf = ({ type, metadata }: Secret): string | undefined => (type === TYPE ? metadata.annotations?.[ACCOUNT_NAME] : undefined);

export function serviceAccountTokensController(deps: ControllerDeps, rootCA: string, issue: IssueToken): Controller {
  const { client, informers, clock } = deps;
  const secrets = informers.of('v1/Secret');
  const accounts = informers.of('v1/ServiceAccount');

  return controller({
    name: 'serviceaccount-token-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      secrets.addIndex(BY_ACCOUNT, (secret) => {
        const account = accountOf(secret);
        return account ? [`${secret.metadata.namespace}/${account}`] : [];
      });
      const changed = (secret: Secret): void => {
        if (accountOf(secret)) queue.add(objectKey(secret));
      };
      secrets.addHandler({ added: changed, updated: changed });
      const concerned = (account: ServiceAccount): void => {
        for (const secret of secrets.byIndex(BY_ACCOUNT, objectKey(account))) queue.add(objectKey(secret));
      };
      accounts.addHandler({ added: concerned, updated: concerned, deleted: concerned });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const secret = secrets.get(namespace, name);
      const accountName = secret && accountOf(secret);
      if (!secret || !accountName) return;
      const account = await currentAccount(namespace, accountName);
      const uid = secret.metadata.annotations?.[ACCOUNT_UID];
      if (!account || (uid && uid !== account.metadata.uid)) await remove(secret);
      else await fill(secret, account);
    },
  });

  /** It may be too new for the cache: nothing is deleted for that. */
  async function currentAccount(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const cached = accounts.get(namespace, name);
    if (cached) return cached;
    try {
      return await client.get('v1/ServiceAccount', name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function remove({ metadata: { name, namespace = '', uid } }: Secret): Promise<void> {
    try {
      await client.delete('v1/Secret', name, { namespace, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function fill(secret: Secret, { metadata: { name, uid } }: ServiceAccount): Promise<void> {
    const { namespace = '', annotations } = secret.metadata;
    const data = { ...secret.data };
    if (rootCA) data['ca.crt'] = base64(rootCA);
    data['namespace'] = base64(namespace);
    if (!data['token']) data['token'] = base64(await clock.hold(issue(namespace, { name, uid }, secret.metadata.name)));
    const held = secret.data ?? {};
    const isFilled = annotations?.[ACCOUNT_UID] === uid && Object.entries(data).every(([key, value]) => held[key] === value);
    if (isFilled) return;
    await client.update('v1/Secret', {
      ...secret,
      metadata: { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: uid } },
      data,
    });
  }
}
