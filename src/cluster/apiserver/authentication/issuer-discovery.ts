// By which others can check tokens of ServiceAccounts: the documents of OpenID Connect discovery. Follows pkg/serviceaccount's
// openidmetadata.go and pkg/routes/openidmetadata.go.
import type { HttpRequest, HttpResponse } from '../http/http-message.ts';
import { checkProduced } from '../http/negotiate.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/openid/v1/jwks';
const MAX_AGE_SECONDS = 3600;

/**
 * Undefined for any other path. Throws a StatusError (406) where the client takes no such document. The keys are where the server is reached, whatever its tokens name as their issuer.
 * @param address host and port of the server
 */
export async function issuerDiscovery(
  request: Pick<HttpRequest, 'headers'>,
  path: string,
  address: string,
  tokens: ServiceAccountTokens,
): Promise<HttpResponse | undefined> {
  switch (path.replace(/\/$/, '')) {
    case CONFIGURATION:
      return document(request, 'application/json', {
        issuer: tokens.issuer,
        jwks_uri: `https://${address}${KEYS}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [tokens.algorithm],
      });
    case KEYS:
      return document(request, 'application/jwk-set+json', await tokens.keySet());
    default:
      return undefined;
  }
}

function document(request: Pick<HttpRequest, 'headers'>, type: string, body: object): HttpResponse {
  checkProduced(request, [type]);
  return {
    code: 200,
    headers: { 'content-type': type, 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` },
    body: JSON.stringify(body),
  };
}
