// Who sends a request: by the certificate of the connection, or by a bearer token; nobody in particular where it shows neither. Follows
// pkg/kubeapiserver/authenticator.
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import type { HttpRequest } from '../http/http-message.ts';
import { unauthorized } from '../../../apimachinery/status-error.ts';

export type Credentials = Pick<HttpRequest, 'headers' | 'clientCertificate'>;

/** What a token says; the audiences that it is for, of those that were asked about. */
export interface TokenAnswer {
  readonly user: UserInfo;
  readonly audiences?: readonly string[];
}

/** One kind of token. */
export interface TokenAuthenticator {
  /**
   * Undefined: it is none of this kind, or not valid.
   * @param audiences that it must be for one of; undefined: the API server's own
   */
  authenticate(token: string, audiences: readonly string[] | undefined): TokenAnswer | undefined | Promise<TokenAnswer | undefined>;
}

export interface Authenticator {
  /** Throws a StatusError (401) where credentials are shown that are not valid. */
  authenticate(credentials: Credentials): Promise<UserInfo>;
  /** Undefined where the token is not valid. */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenAnswer | undefined>;
}

const AUTHENTICATED = 'system:authenticated';
export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface AuthenticatorOptions {
  /** Asked in order. */
  readonly tokens: readonly TokenAuthenticator[];
  /** Whoever shows nothing is `system:anonymous`; otherwise refused. */
  readonly anonymous: boolean;
}

export function authenticator({ tokens, anonymous }: AuthenticatorOptions): Authenticator {
  const authenticateToken: Authenticator['authenticateToken'] = async (token, audiences) => {
    for (const kind of tokens) {
      const answer = await kind.authenticate(token, audiences);
      if (answer) return { ...answer, user: withAuthenticated(answer.user) };
    }
    return undefined;
  };
  return {
    authenticateToken,
    async authenticate({ headers, clientCertificate }) {
      if (clientCertificate?.commonName) {
        const { commonName, organizations } = clientCertificate;
        return withAuthenticated({ username: commonName, groups: organizations });
      }
      const token = bearerToken(headers['authorization']);
      if (token) {
        const answer = await authenticateToken(token);
        if (answer) return answer.user;
        throw unauthorized();
      }
      if (!anonymous) throw unauthorized();
      return ANONYMOUS;
    },
  };
}

function withAuthenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

/** Of `Bearer <token>`; any other scheme says nothing. */
function bearerToken(value: string | readonly string[] | undefined): string | undefined {
  const text = typeof value === 'string' ? value : (value?.[0] ?? '');
  const [scheme = '', token] = text.trim().split(' ');
  return scheme.toLowerCase() === 'bearer' && token ? token : undefined;
}
