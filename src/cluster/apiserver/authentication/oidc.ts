// Tokens of an OpenID Connect provider: `--oidc-issuer-url` and its kin. The provider's keys are fetched when the first token comes, and
// again when one is signed with a key that is not known. Follows k8s.io/apiserver's plugin/pkg/authenticator/token/oidc.
import type { Clock } from '../../../apimachinery/clock.ts';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { statusError } from '../../../apimachinery/status-error.ts';
import type { TokenAnswer, TokenAuthenticator } from './authenticator.ts';
import { issuerOf } from './service-account-tokens.ts';

export interface OidcOptions {
  /** As tokens name it; below it lies `/.well-known/openid-configuration`. */
  readonly issuerURL: string;
  /** Whom tokens are for. */
  readonly clientID: string;
  /** Default: `sub`. */
  readonly usernameClaim?: string;
  /** Before the user's name; `-`: nothing. Default: the issuer and `#`, but for the claim `email` nothing. */
  readonly usernamePrefix?: string;
  /** Default: no groups. */
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  /** Claims that a token must have, with these values. */
  readonly requiredClaims?: Readonly<Record<string, string>>;
  /** Default: those with public keys that providers use. */
  readonly signingAlgorithms?: readonly string[];
  /** Default: that of the process. */
  readonly fetch?: (url: string) => Promise<{ readonly ok: boolean; json(): Promise<unknown> }>;
}

const ALGORITHMS = ['RS256', 'ES256', 'ES384', 'PS256'];
/** A token with an unknown key makes the keys be fetched again, but not more often than this. */
const REFETCH_MS = 60_000;

interface Keys {
  readonly set: JsonObject;
  readonly fetchedAt: number;
}

export function oidc(options: OidcOptions, clock: Clock): TokenAuthenticator {
  const { issuerURL, clientID, signingAlgorithms = ALGORITHMS } = options;
  let keys: Keys | undefined;

  const fetchJson = async (url: string): Promise<JsonObject> => {
    try {
      const response = await clock.hold((options.fetch ?? fetch)(url));
      const body: unknown = response.ok ? await clock.hold(response.json()) : undefined;
      if (!isObject(body)) throw new Error(`${url} does not answer with a JSON object`);
      return body;
    } catch (cause) {
      // nobody's token can be checked then: for the client that is no other than a wrong one
      throw statusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' }, { cause });
    }
  };
  const fetchKeys = async (): Promise<Keys> => {
    const { jwks_uri: uri } = await fetchJson(`${issuerURL.replace(/\/$/, '')}/.well-known/openid-configuration`);
    return { set: await fetchJson(String(uri)), fetchedAt: clock.now() };
  };

  const claimsOf = async (token: string): Promise<JsonObject | undefined> => {
    const { createLocalJWKSet, jwtVerify, errors } = await clock.hold(import('jose'));
    keys ??= await fetchKeys();
    for (;;) {
      try {
        const set = createLocalJWKSet(keys.set as unknown as Parameters<typeof createLocalJWKSet>[0]);
        const rules = { issuer: issuerURL, audience: clientID, currentDate: new Date(clock.now()), algorithms: [...signingAlgorithms] };
        return (await clock.hold(jwtVerify(token, set, rules))).payload as JsonObject;
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
        if (!(error instanceof errors.JWKSNoMatchingKey) || clock.now() - keys.fetchedAt < REFETCH_MS) return undefined;
        keys = await fetchKeys();
      }
    }
  };

  return {
    async authenticate(token, audiences): Promise<TokenAnswer | undefined> {
      if (issuerOf(token) !== issuerURL) return undefined;
      const claims = await claimsOf(token);
      const user = claims && userOf(claims, options);
      return user && { user, ...(audiences ? { audiences } : {}) };
    },
  };
}

/** Undefined where a claim is missing that must be there. */
export function userOf(claims: JsonObject, options: OidcOptions): UserInfo | undefined {
  const { issuerURL, usernameClaim = 'sub', groupsClaim, groupsPrefix = '', requiredClaims = {} } = options;
  const name = claims[usernameClaim];
  if (typeof name !== 'string' || name === '') return undefined;
  if (usernameClaim === 'email' && claims['email_verified'] === false) return undefined;
  for (const [claim, value] of Object.entries(requiredClaims)) if (claims[claim] !== value) return undefined;
  const given = options.usernamePrefix ?? (usernameClaim === 'email' ? '' : `${issuerURL}#`);
  const prefix = given === '-' ? '' : given;
  const groups = groupsClaim ? [claims[groupsClaim] ?? []].flat() : [];
  if (!groups.every((group): group is string => typeof group === 'string')) return undefined;
  return { username: prefix + name, groups: groups.map((group) => groupsPrefix + group) };
}
