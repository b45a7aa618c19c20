// Who may do what, put together: how senders are told, how decisions are made, and the admission plugins that belong to it.
import type { Clock } from '../../apimachinery/clock.ts';
import type { UserInfo } from '../../apimachinery/api-request.ts';
import type { Random } from '../../apimachinery/random.ts';
import type { Store } from '../storage/store.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import { certificateAdmission } from './admission/certificates.ts';
import { authenticator, type Authenticator, type TokenAuthenticator } from './authentication/authenticator.ts';
import { bootstrapTokens } from './authentication/bootstrap-tokens.ts';
import { Impersonation } from './authentication/impersonation.ts';
import { oidc, type OidcOptions } from './authentication/oidc.ts';
import { ServiceAccountTokens, type ServiceAccountTokenOptions } from './authentication/service-account-tokens.ts';
import { staticTokens } from './authentication/static-tokens.ts';
import { alwaysAllow, unionAuthorizer, type Authorizer } from './authorization/authorizer.ts';
import { rbacEscalation } from './authorization/escalation.ts';
import { nodeAuthorizer } from './authorization/node-authorizer.ts';
import { NodeGraph } from './authorization/node-graph.ts';
import { privilegedGroup, rbacAuthorizer } from './authorization/rbac-authorizer.ts';
import { RbacIndex } from './authorization/rbac-index.ts';

export interface AccessOptions {
  /** As kube-apiserver's --authorization-mode has them. Default: AlwaysAllow. */
  readonly authorization?: 'AlwaysAllow' | 'Node,RBAC';
  /** Whoever shows no credentials is `system:anonymous`. Default: true. */
  readonly anonymous?: boolean;
  /** Token → user. */
  readonly staticTokens?: Readonly<Record<string, UserInfo>>;
  readonly serviceAccountTokens?: ServiceAccountTokenOptions;
  /** A provider of OpenID Connect whose tokens count. */
  readonly oidc?: OidcOptions;
}

/** Who may do what, as the rest of the server needs it. */
export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly impersonation: Impersonation;
  readonly serviceAccountTokens: ServiceAccountTokens;
  /** Undefined where roles do not count. */
  readonly roles: RbacIndex | undefined;
  /** They come after those that the server has by itself. */
  readonly admission: readonly AdmissionPlugin[];
}

export interface AccessParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

export function access(parts: AccessParts, options: AccessOptions = {}): Access {
  const { store } = parts;
  const { authorization = 'AlwaysAllow', anonymous = true } = options;
  const tokens: TokenAuthenticator[] = [];
  if (options.staticTokens) tokens.push(staticTokens(options.staticTokens));
  const serviceAccountTokens = new ServiceAccountTokens(options.serviceAccountTokens ?? {}, parts);
  tokens.push(serviceAccountTokens, bootstrapTokens(store, parts.clock));
  if (options.oidc) tokens.push(oidc(options.oidc, parts.clock));
  const roles = authorization === 'AlwaysAllow' ? undefined : new RbacIndex(store);
  const authorizer = roles ? unionAuthorizer([privilegedGroup, nodeAuthorizer(new NodeGraph(store)), rbacAuthorizer(roles)]) : alwaysAllow;
  return {
    authenticator: authenticator({ tokens, anonymous }),
    authorizer,
    impersonation: new Impersonation(authorizer),
    serviceAccountTokens,
    roles,
    admission: [...certificateAdmission(authorizer), ...(roles ? [rbacEscalation(roles, authorizer)] : [])],
  };
}
