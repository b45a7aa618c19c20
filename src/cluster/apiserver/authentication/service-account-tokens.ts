// Tokens of ServiceAccounts: made, and read again. Each is bound to its account, and to a pod, secret or node where it says so: it dies
// with them. Follows pkg/serviceaccount (claims.go, jwt.go, legacy.go).
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import type { Random } from '../../../apimachinery/random.ts';
import type { Store } from '../../storage/store.ts';
import type { TokenAnswer, TokenAuthenticator } from './authenticator.ts';
import { serviceAccountGroups, serviceAccountUsername } from './service-account-names.ts';

export interface ServiceAccountTokenOptions {
  /** Default: https://kubernetes.default.svc.cluster.local. */
  readonly issuer?: string;
  /** Whom tokens are for that do not say it: the API server itself. Default: the issuer. */
  readonly audiences?: readonly string[];
  /** A private key as PEM, RSA or of an elliptic curve. Default: one that is made when it is first needed, and forgotten. */
  readonly signingKey?: string;
}

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';
const LEGACY_ISSUER = 'kubernetes/serviceaccount';

/** For so long after a deletion has begun, tokens still count. */
const LEEWAY_MS = 60_000;

export interface Named {
  readonly name: string;
  readonly uid: string;
}

/** What a token is made for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: Named;
  readonly pod?: Named;
  readonly node?: Named;
  readonly secret?: Named;
}

interface Key {
  readonly private: KeyObject;
  readonly public: KeyObject;
  readonly alg: string;
  readonly kid: string;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

export class ServiceAccountTokens implements TokenAuthenticator {
  readonly issuer: string;
  readonly audiences: readonly string[];
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly pem: string | undefined;
  private made: Key | undefined;

  constructor(options: ServiceAccountTokenOptions, parts: { readonly store: Store; readonly clock: Clock; readonly random: Random }) {
    this.issuer = options.issuer ?? DEFAULT_ISSUER;
    this.audiences = options.audiences ?? [this.issuer];
    this.pem = options.signingKey;
    this.store = parts.store;
    this.clock = parts.clock;
    this.random = parts.random;
  }

  private get key(): Key {
    this.made ??= keyOf(this.pem ? createPrivateKey(this.pem) : generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
    return this.made;
  }

  /**
   * @param seconds how long it is valid
   * @param warnAfterSeconds it is used longer than its reader knows: that is told in an annotation of the audit log
   */
  async issue(
    { namespace, serviceAccount, pod, node, secret }: TokenSubject,
    audiences: readonly string[],
    seconds: number,
    warnAfterSeconds?: number,
  ): Promise<string> {
    const now = Math.floor(this.clock.now() / 1000);
    return this.sign({
      aud: audiences,
      exp: now + seconds,
      iat: now,
      iss: this.issuer,
      jti: this.random.uuid(),
      'kubernetes.io': {
        namespace,
        ...(node ? { node } : {}),
        ...(pod ? { pod } : {}),
        ...(secret ? { secret } : {}),
        serviceaccount: serviceAccount,
        ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }),
      },
      nbf: now,
      sub: serviceAccountUsername(namespace, serviceAccount.name),
    });
  }

  /** For a Secret that holds a token for ever. */
  issueForSecret(namespace: string, account: Named, secretName: string): Promise<string> {
    return this.sign({
      iss: LEGACY_ISSUER,
      'kubernetes.io/serviceaccount/namespace': namespace,
      'kubernetes.io/serviceaccount/secret.name': secretName,
      'kubernetes.io/serviceaccount/service-account.name': account.name,
      'kubernetes.io/serviceaccount/service-account.uid': account.uid,
      sub: serviceAccountUsername(namespace, account.name),
    });
  }

  private async sign(claims: JsonObject): Promise<string> {
    const { SignJWT } = await this.clock.hold(import('jose'));
    const { alg, kid, private: key } = this.key;
    return this.clock.hold(new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key));
  }

  async authenticate(token: string, audiences: readonly string[] | undefined): Promise<TokenAnswer | undefined> {
    const issuer = issuerOf(token);
    if (issuer !== this.issuer && issuer !== LEGACY_ISSUER) return undefined;
    const { jwtVerify, errors } = await this.clock.hold(import('jose'));
    let claims: JsonObject;
    try {
      const { alg, public: key } = this.key;
      const rules = { currentDate: new Date(this.clock.now()), algorithms: [alg] };
      claims = (await this.clock.hold(jwtVerify(token, key, rules))).payload as JsonObject;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
    const wanted = audiences ?? this.audiences;
    // old tokens are for the API server, and say nothing of it
    const named = issuer === LEGACY_ISSUER ? this.audiences : [claims['aud'] as string | string[]].flat();
    const shared = wanted.filter((audience) => named.includes(audience));
    if (shared.length === 0) return undefined;
    const user = await (issuer === LEGACY_ISSUER ? this.legacyUser(claims, token) : this.userOf(claims));
    return user && { user, audiences: shared };
  }

  private async userOf(claims: JsonObject): Promise<UserInfo | undefined> {
    const bound = claims['kubernetes.io'];
    if (!isObject(bound)) return undefined;
    const { namespace, serviceaccount, pod, node, secret } = bound as unknown as Omit<TokenSubject, 'serviceAccount'> & {
      readonly serviceaccount?: Named;
    };
    if (!serviceaccount || !(await this.isThere(`serviceaccounts/${namespace}/${serviceaccount.name}`, serviceaccount))) return undefined;
    if (secret && !(await this.isThere(`secrets/${namespace}/${secret.name}`, secret))) return undefined;
    if (pod && !(await this.isThere(`pods/${namespace}/${pod.name}`, pod))) return undefined;
    // with a pod, the node is only told of
    if (node && !pod && !(await this.isThere(`minions/${node.name}`, node))) return undefined;
    const told = (key: string, value: unknown): Record<string, readonly string[]> =>
      value ? { [`authentication.kubernetes.io/${key}`]: [String(value)] } : {};
    const extra = {
      ...told('credential-id', claims['jti'] && `JTI=${String(claims['jti'])}`),
      ...told('node-name', node?.name),
      ...told('node-uid', node?.uid),
      ...told('pod-name', pod?.name),
      ...told('pod-uid', pod?.uid),
    };
    return { ...accountUser(namespace, serviceaccount), extra };
  }

  private async legacyUser(claims: JsonObject, token: string): Promise<UserInfo | undefined> {
    const text = (key: string): string => String(claims[`kubernetes.io/serviceaccount/${key}`] ?? '');
    const namespace = text('namespace');
    const account = { name: text('service-account.name'), uid: text('service-account.uid') };
    const secret = await this.read(`secrets/${namespace}/${text('secret.name')}`);
    if (!secret || isGone(secret, this.clock.now())) return undefined;
    const held = (secret['data'] as Readonly<Record<string, string>> | undefined)?.['token'] ?? '';
    if (Buffer.from(held, 'base64').toString() !== token) return undefined;
    return (await this.isThere(`serviceaccounts/${namespace}/${account.name}`, account)) ? accountUser(namespace, account) : undefined;
  }

  private async read(key: string): Promise<(KubernetesObject & JsonObject) | undefined> {
    return (await this.store.get(`/registry/${key}`))?.value as (KubernetesObject & JsonObject) | undefined;
  }

  private async isThere(key: string, { uid }: Named): Promise<boolean> {
    const object = await this.read(key);
    return object !== undefined && object.metadata.uid === uid && !isGone(object, this.clock.now());
  }

  /** The keys by which others can check the tokens, as a JSON Web Key Set. */
  async keySet(): Promise<JsonObject> {
    const { exportJWK } = await this.clock.hold(import('jose'));
    const { alg, kid, public: key } = this.key;
    return { keys: [{ use: 'sig', kid, alg, ...(await this.clock.hold(exportJWK(key))) }] };
  }

  get algorithm(): string {
    return this.key.alg;
  }
}

const accountUser = (namespace: string, { name, uid }: Named): UserInfo => ({
  username: serviceAccountUsername(namespace, name),
  uid,
  groups: serviceAccountGroups(namespace),
});

const isGone = ({ metadata: { deletionTimestamp } }: KubernetesObject, now: number): boolean =>
  deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < now - LEEWAY_MS;

function keyOf(privateKey: KeyObject): Key {
  const publicKey = createPublicKey(privateKey);
  const curve = privateKey.asymmetricKeyDetails?.namedCurve ?? '';
  const alg = privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : CURVES[curve];
  if (!alg) throw new Error(`tokens cannot be signed with a key of type ${privateKey.asymmetricKeyType} ${curve}`);
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { private: privateKey, public: publicKey, alg, kid };
}

/** As the token says it, unchecked; undefined where it is no JSON Web Token. */
export function issuerOf(token: string): string | undefined {
  const [, payload, signature, ...more] = token.split('.');
  if (!payload || !signature || more.length) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isObject(claims) && typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
