// Tokens by which new nodes join. The signer puts a signature by each token under the kubeconfig in `cluster-info`, so that whoever has the
// token can trust it; the cleaner deletes tokens whose time is over. Follows pkg/controller/bootstrap.
import type { ConfigMap, Secret } from '#api/core/v1';
import { createHmac } from 'node:crypto';
import { deepEqual } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { parseTime, TimeError } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const NAME_PREFIX = 'bootstrap-token-';
const SECRETS_NAMESPACE = 'kube-system';
const INFO = { namespace: 'kube-public', name: 'cluster-info' };
const KUBECONFIG = 'kubeconfig';
const SIGNATURE_PREFIX = 'jws-kubeconfig-';
const BY_TYPE = 'bootstrap-token';
const TOKEN_ID = /^[a-z0-9]{6}$/;

const textOf = ({ data }: Secret, key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();

/** When it ends, in milliseconds since 1970; undefined: never. What cannot be read has ended. */
function expiryOf(secret: Secret): number | undefined {
  const text = textOf(secret, 'expiration');
  if (text === '') return undefined;
  try {
    return parseTime(text);
  } catch (error) {
    if (error instanceof TimeError) return 0;
    throw error;
  }
}

/** A detached JSON Web Signature: the middle, which is the content, is left out. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

/** Token id → its secret, of those that sign. */
function signingTokens(secrets: Iterable<Secret>, now: number): Map<string, string> {
  const tokens = new Map<string, string>();
  for (const secret of secrets) {
    const id = textOf(secret, 'token-id');
    const key = textOf(secret, 'token-secret');
    if (!TOKEN_ID.test(id) || secret.metadata.name !== NAME_PREFIX + id || key === '') continue;
    if (textOf(secret, 'usage-bootstrap-signing') === 'true' && (expiryOf(secret) ?? Infinity) > now) tokens.set(id, key);
  }
  return tokens;
}

const isToken = ({ type, metadata: { namespace } }: Secret): boolean => type === TYPE && namespace === SECRETS_NAMESPACE;

export function bootstrapSignerController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const secrets = informers.of('v1/Secret');
  const configMaps = informers.of('v1/ConfigMap');
  secrets.addIndex(BY_TYPE, (secret) => (isToken(secret) ? [TYPE] : []));

  return controller({
    name: 'bootstrap-signer-controller',
    deps,
    workers: 1,
    watch(queue) {
      const sign = (): void => queue.add(INFO.name);
      const tokenChanged = (secret: Secret): void => {
        if (isToken(secret)) sign();
      };
      const infoChanged = ({ metadata: { name, namespace } }: ConfigMap): void => {
        if (name === INFO.name && namespace === INFO.namespace) sign();
      };
      secrets.addHandler({ added: tokenChanged, updated: tokenChanged, deleted: tokenChanged });
      configMaps.addHandler({ added: infoChanged, updated: infoChanged });
    },
    async reconcile() {
      const info = configMaps.get(INFO.namespace, INFO.name);
      const kubeconfig = info?.data?.[KUBECONFIG];
      if (!info || kubeconfig === undefined) return;
      const data: Record<string, string> = {};
      for (const [key, value] of Object.entries(info.data ?? {})) if (!key.startsWith(SIGNATURE_PREFIX)) data[key] = value;
      for (const [id, secret] of signingTokens(secrets.byIndex(BY_TYPE, TYPE), clock.now()))
        data[SIGNATURE_PREFIX + id] = detachedSignature(kubeconfig, id, secret);
      if (!deepEqual(data, info.data)) await client.update('v1/ConfigMap', { ...info, data });
    },
  });
}

export function tokenCleanerController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const secrets = informers.of('v1/Secret');

  return controller({
    name: 'token-cleaner-controller',
    deps,
    workers: 1,
    watch(queue) {
      const changed = (secret: Secret): void => {
        if (isToken(secret)) queue.add(secret.metadata.name);
      };
      secrets.addHandler({ added: changed, updated: changed });
    },
    async reconcile(name, queue) {
      const secret = secrets.get(SECRETS_NAMESPACE, name);
      const expiry = secret && isToken(secret) ? expiryOf(secret) : undefined;
      if (!secret || expiry === undefined) return;
      if (expiry > clock.now()) {
        queue.addAfter(name, expiry - clock.now(), { background: true });
        return;
      }
      const { uid } = secret.metadata;
      try {
        await client.delete('v1/Secret', name, { namespace: SECRETS_NAMESPACE, preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
}
