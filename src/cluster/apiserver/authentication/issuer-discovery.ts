// By which others can check tokens of ServiceAccounts: the documents of OpenID Connect discovery. Follows pkg/serviceaccount's
// openidmetadata.go and pkg/routes/openidmetadata.go.
import type { HttpResponse } from '../http/http-message.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/openid/v1/jwks';
const MAX_AGE_SECONDS = 3600;

/** Undefined for any other path. */
export async function issuerDiscovery(path: string, tokens: ServiceAccountTokens): Promise<HttpResponse | undefined> {
  switch (path.replace(/\/$/, '')) {
    case CONFIGURATION:
      return document('application/json', {
        issuer: tokens.issuer,
        jwks_uri: `${tokens.issuer}${KEYS}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [tokens.algorithm],
      });
    case KEYS:
      return document('application/jwk-set+json', await tokens.keySet());
    default:
      return undefined;
  }
}

const document = (type: string, body: object): HttpResponse => ({
  code: 200,
  headers: { 'content-type': type, 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` },
  body: JSON.stringify(body),
});
