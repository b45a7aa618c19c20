// Who a request is taken to come from: certificates, every kind of token, nobody.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/apimachinery/object.ts';
import { guarded, type Guarded, type Sent } from './guarded.ts';

const HOUR_MS = 60 * 60 * 1000;
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const bearer = (token: string): Sent => ({ headers: { authorization: `Bearer ${token}` } });

/** The sender as the server knows them; or the code of a refusal. */
async function whoIs({ send }: Guarded, sent: Sent): Promise<unknown> {
  const { code, body } = await send('POST', REVIEW, {
    ...sent,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  if (code !== 201) return code;
  const { username, groups } = (body['status'] as { readonly userInfo: { readonly username: string; readonly groups: string[] } }).userInfo;
  return `${username} ${groups.join(' ')}`;
}

test.each<[string, Sent, unknown]>([
  [
    'a client certificate: name and organizations',
    { clientCertificate: { commonName: 'jane', organizations: ['devs'] } },
    'jane devs system:authenticated',
  ],
  ['a static token', bearer('s3cret'), 'robot system:authenticated'],
  ['a token that nobody knows', bearer('nonsense'), 401],
  ['what looks like a token of a ServiceAccount', bearer('a.b.c'), 401],
  ['another scheme counts as nothing, and nobody may not ask', { headers: { authorization: 'Basic YTpi' } }, 403],
  ['the word alone', { headers: { authorization: 'Bearer' } }, 403],
])('%s', async (_, sent, expected) => {
  const server = await guarded({ staticTokens: { s3cret: { username: 'robot', groups: [] } } });
  expect(await whoIs(server, sent)).toBe(expected);
});

test('without anonymous access, whoever shows nothing is refused', async () => {
  const { send } = await guarded({ anonymous: false });
  const { code, message } = await send('GET', '/healthz', { headers: { authorization: '' } });
  expect([code, message]).toEqual([401, 'Unauthorized']);
});

async function tokenFor({ send }: Guarded, spec: JsonObject = {}): Promise<string> {
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app' } },
  });
  const { body } = await send('POST', '/api/v1/namespaces/default/serviceaccounts/app/token', {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
  });
  return (body['status'] as { readonly token: string }).token;
}

describe('tokens of ServiceAccounts', () => {
  const ACCOUNT = 'system:serviceaccount:default:app system:serviceaccounts system:serviceaccounts:default system:authenticated';

  test('name the account and its groups, until they end', async () => {
    const server = await guarded();
    const token = await tokenFor(server, { expirationSeconds: 3600 });
    expect(await whoIs(server, bearer(token))).toBe(ACCOUNT);
    await server.clock.advance(HOUR_MS + 1000);
    expect(await whoIs(server, bearer(token))).toBe(401);
  });

  test('are signed with the key of the cluster: another cluster with the same key knows them, one with another does not', async () => {
    const pem = (): string =>
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const signingKey = pem();
    const token = await tokenFor(await guarded({ serviceAccountTokens: { signingKey } }));
    const other = await guarded({ serviceAccountTokens: { signingKey: pem() } });
    await tokenFor(other);
    expect(await whoIs(other, bearer(token))).toBe(401);
  });

  test('for others are no good here, but a review for those others tells whose they are', async () => {
    const server = await guarded();
    const token = await tokenFor(server, { audiences: ['vault'] });
    expect(await whoIs(server, bearer(token))).toBe(401);
    const { body } = await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: ['vault', 'other'] } },
    });
    expect(body['status']).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
      user: { username: 'system:serviceaccount:default:app' },
    });
  });

  test('can be checked by anyone who reads the discovery documents', async () => {
    const server = await guarded();
    const { body } = await server.send('GET', '/.well-known/openid-configuration');
    expect(body).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
    });
    expect(await server.send('GET', '/openid/v1/jwks', { headers: { accept: 'application/json' } })).toMatchObject({
      code: 406,
      body: { message: '406: Not Acceptable\n\nAvailable representations: application/jwk-set+json' },
    });
    const keys = await server.send('GET', '/openid/v1/jwks', { headers: { accept: 'application/jwk-set+json' } });
    expect(keys.body['keys']).toMatchObject([{ use: 'sig', kty: 'EC', alg: 'ES256' }]);
  });

  test.each([
    [599, 422],
    [600, 201],
    [2 ** 32 + 1, 422],
  ])('may last from ten minutes on: %i seconds are answered with %i', async (expirationSeconds, expected) => {
    const server = await guarded();
    await tokenFor(server);
    const { code } = await server.send('POST', '/api/v1/namespaces/default/serviceaccounts/app/token', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
    });
    expect(code).toBe(expected);
  });
});

describe('bootstrap tokens', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const secret = (data: Readonly<Record<string, string>>): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      Object.entries({
        'token-id': 'abcdef',
        'token-secret': '0123456789abcdef',
        'usage-bootstrap-authentication': 'true',
        ...data,
      }).map(([key, value]) => [key, base64(value)]),
    ),
  });
  const GROUPS = 'system:bootstrappers system:authenticated';

  test.each<[string, Readonly<Record<string, string>>, string, unknown]>([
    ['are good by default for joining', {}, 'abcdef.0123456789abcdef', `system:bootstrap:abcdef ${GROUPS}`],
    ['with another secret are none', {}, 'abcdef.0123456789abcdee', 401],
    ['end', { expiration: '2025-12-31T23:59:59Z' }, 'abcdef.0123456789abcdef', 401],
    ['may be for signing only', { 'usage-bootstrap-authentication': 'false' }, 'abcdef.0123456789abcdef', 401],
    [
      'give groups below their own',
      { 'auth-extra-groups': 'system:bootstrappers:x' },
      'abcdef.0123456789abcdef',
      `system:bootstrap:abcdef system:bootstrappers system:bootstrappers:x system:authenticated`,
    ],
    ['give no others', { 'auth-extra-groups': 'system:masters' }, 'abcdef.0123456789abcdef', 401],
  ])('%s', async (_, data, token, expected) => {
    const server = await guarded();
    expect((await server.send('POST', '/api/v1/namespaces/kube-system/secrets', { body: secret(data) })).code).toBe(201);
    expect(await whoIs(server, bearer(token))).toBe(expected);
  });
});

describe('tokens of an OpenID Connect provider', async () => {
  const ISSUER = 'https://login.example.test';
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' };
  const documents: Readonly<Record<string, unknown>> = {
    [`${ISSUER}/.well-known/openid-configuration`]: { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    [`${ISSUER}/keys`]: { keys: [jwk] },
  };
  const fetch = async (url: string) => ({ ok: url in documents, json: async () => documents[url] });
  const now = Date.UTC(2026, 0, 1) / 1000;
  const tokenOf = (claims: JsonObject, audience = 'jibe'): Promise<string> =>
    new SignJWT({ ...claims, iss: ISSUER, aud: audience, exp: now + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(createPrivateKey(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })));

  const options = { issuerURL: ISSUER, clientID: 'jibe', fetch };

  test.each<[string, JsonObject, string, object, unknown]>([
    ['name the subject of the issuer', { sub: '42' }, 'jibe', {}, `${ISSUER}#42 system:authenticated`],
    ['for another client are none', { sub: '42' }, 'other', {}, 401],
    [
      'may name the user by another claim',
      { email: 'jane@example.test' },
      'jibe',
      { usernameClaim: 'email' },
      'jane@example.test system:authenticated',
    ],
    ['must have verified an address', { email: 'jane@example.test', email_verified: false }, 'jibe', { usernameClaim: 'email' }, 401],
    [
      'bring groups',
      { sub: '42', groups: ['a', 'b'] },
      'jibe',
      { groupsClaim: 'groups', groupsPrefix: 'oidc:', usernamePrefix: '-' },
      '42 oidc:a oidc:b system:authenticated',
    ],
    ['must have what is required', { sub: '42' }, 'jibe', { requiredClaims: { hd: 'example.test' } }, 401],
  ])('%s', async (_, claims, audience, more, expected) => {
    const server = await guarded({ oidc: { ...options, ...more } });
    expect(await whoIs(server, bearer(await tokenOf(claims, audience)))).toBe(expected);
  });

  test('are none where the provider cannot be reached', async () => {
    const server = await guarded({ oidc: { ...options, fetch: async () => ({ ok: false, json: async () => ({}) }) } });
    expect(await whoIs(server, bearer(await tokenOf({ sub: '42' })))).toBe(401);
  });
});
