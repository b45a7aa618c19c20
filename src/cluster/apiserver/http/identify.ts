// The first steps of every request: who sends it, whom they act as, and whether that one may do this. They come before anything of the
// request is read but its line and its headers.
import type { RequestAudit, UserInfo } from '../../../apimachinery/api-request.ts';
import type { Access } from '../access.ts';
import type { Credentials } from '../authentication/authenticator.ts';
import { impersonated } from '../authentication/impersonation.ts';
import { requireAllowed, selectedName, termsOf, type Attributes } from '../authorization/authorizer.ts';
import type { RequestInfo } from './request-info.ts';

/** Who wants to know in between. */
export interface Watchers {
  /** Somebody has sent the request. */
  authenticated(user: UserInfo): IdentityAudit | undefined;
  /** Nobody that is known. */
  unauthenticated(): void;
}

export interface IdentityAudit extends Pick<RequestAudit, 'annotate'> {
  actsAs(user: UserInfo): void;
}

/**
 * Throws a StatusError: 401 where the sender's credentials are not valid, 403 where they may not do this.
 * @param enter may hold the request back, or throw, before it is authorized
 */
export async function identify(
  access: Access,
  request: Credentials & { readonly user?: UserInfo },
  info: RequestInfo,
  query: URLSearchParams,
  watchers?: Watchers,
  enter?: (user: UserInfo) => void | Promise<void>,
): Promise<UserInfo> {
  const sender = request.user ?? (await authenticate(access, request, watchers));
  const audit = watchers?.authenticated(sender);
  const wanted = impersonated(request.headers);
  const user = wanted ? await access.impersonation.actAs(wanted, attributes(sender, info, query)) : sender;
  if (wanted) audit?.actsAs(user);
  const entering = enter?.(user);
  if (entering) await entering;
  await requireAllowed(access.authorizer, attributes(user, info, query), audit);
  return user;
}

function authenticate({ authenticator }: Access, request: Credentials, watchers: Watchers | undefined): Promise<UserInfo> {
  const user = authenticator.authenticate(request);
  if (!watchers) return user;
  return user.catch((error: unknown) => {
    watchers.unauthenticated();
    throw error;
  });
}

function attributes(user: UserInfo, info: RequestInfo, query: URLSearchParams): Attributes {
  if (!info.isResourceRequest) return { user, verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  const fieldSelector = termsOf(verb, query.get('fieldSelector') ?? '');
  return { user, verb, group, version, resource, subresource, namespace, name: name || selectedName(fieldSelector), fieldSelector };
}
