// Acting as somebody else: who may, and who they are then. Follows endpoints/filters/impersonation of k8s.io/apiserver: the constrained
// modes of KEP-5284, each with a verb of its own for whom and one for what, and after them the plain `impersonate`.
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { badRequest, isForbidden, type StatusError } from '../../../apimachinery/status-error.ts';
import { denied, requireAllowed, type Attributes, type Authorizer, type ResourceAttributes } from '../authorization/authorizer.ts';
import { nodeNameOf, NODES_GROUP } from './node-names.ts';
import { serviceAccountGroups, splitServiceAccountUsername } from './service-account-names.ts';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const USER = 'impersonate-user';
const UID = 'impersonate-uid';
const GROUP = 'impersonate-group';
const EXTRA = 'impersonate-extra-';

const ANONYMOUS = 'system:anonymous';
const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
const MASTERS = 'system:masters';
const NODE_NAME_KEY = 'authentication.kubernetes.io/node-name';

/** How many requestors are remembered with the mode that served them last. */
const MAX_REMEMBERED = 1024;

const valuesOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** As the headers say it, nothing added. Throws a StatusError (400) where they name no user. */
export function impersonated(headers: Headers): UserInfo | undefined {
  const [username = ''] = valuesOf(headers[USER]);
  const [uid = ''] = valuesOf(headers[UID]);
  const groups = valuesOf(headers[GROUP]);
  const extra: Record<string, string[]> = {};
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(EXTRA)) continue;
    (extra[unescaped(name.slice(EXTRA.length))] ??= []).push(...valuesOf(headers[name]));
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (username) return { username, ...(uid ? { uid } : {}), groups, ...(hasExtra ? { extra } : {}) };
  if (!uid && groups.length === 0 && !hasExtra) return undefined;
  const strings = (list: readonly string[]): string => `{${list.map(quote).join(', ')}}`;
  const groupText = groups.length ? `[]string${strings(groups)}` : '[]string(nil)';
  const extras = Object.keys(extra)
    .sort()
    .map((key) => `${quote(key)}:[]string${strings(extra[key]!)}`);
  const extraText = hasExtra ? `map[string][]string{${extras.join(', ')}}` : 'map[string][]string(nil)';
  throw badRequest(
    `requested &user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${groupText}, Extra:${extraText}} without impersonating a user name`,
  );
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

interface Mode {
  /** `user-info`; undefined: the plain `impersonate`. */
  readonly name: string | undefined;
  fits(wanted: UserInfo, requestor: UserInfo): boolean;
}

const onlyUsername = ({ uid, groups, extra }: UserInfo): boolean => !uid && groups.length === 0 && !extra;

const MODES: readonly Mode[] = [
  {
    name: 'associated-node',
    fits: (wanted, requestor) =>
      onlyUsername(wanted) &&
      splitServiceAccountUsername(requestor.username) !== undefined &&
      nodeNameOf(wanted.username) !== undefined &&
      requestor.extra?.[NODE_NAME_KEY]?.[0] === nodeNameOf(wanted.username),
  },
  { name: 'arbitrary-node', fits: (wanted) => onlyUsername(wanted) && nodeNameOf(wanted.username) !== undefined },
  { name: 'serviceaccount', fits: (wanted) => onlyUsername(wanted) && splitServiceAccountUsername(wanted.username) !== undefined },
  { name: 'user-info', fits: ({ username }) => nodeNameOf(username) === undefined && !splitServiceAccountUsername(username) },
  { name: undefined, fits: () => true },
];

export class Impersonation {
  private readonly authorizer: Authorizer;
  /** Requestor → the mode that served it last: it is tried first, and its refusal is the one that is told. */
  private readonly lastModes = new Map<string, Mode>();

  constructor(authorizer: Authorizer) {
    this.authorizer = authorizer;
  }

  /** The user that the request acts as. Throws a StatusError (403) where the requestor may not. */
  async actAs(wanted: UserInfo, attributes: Attributes): Promise<UserInfo> {
    const requestor = attributes.user;
    const key = JSON.stringify([requestor.username, requestor.uid, requestor.groups]);
    const last = this.lastModes.get(key);
    let refused: StatusError | undefined;
    for (const mode of last ? [last, ...MODES.filter((m) => m !== last)] : MODES) {
      if (!mode.fits(wanted, requestor)) continue;
      try {
        const user = await this.check(mode, wanted, attributes);
        this.remember(key, mode);
        return user;
      } catch (error) {
        if (!isForbidden(error)) throw error;
        refused ??= error;
      }
    }
    throw refused ?? new Error('the plain impersonation fits everyone');
  }

  private remember(key: string, mode: Mode): void {
    this.lastModes.delete(key);
    this.lastModes.set(key, mode);
    if (this.lastModes.size > MAX_REMEMBERED) this.lastModes.delete(this.lastModes.keys().next().value!);
  }

  private async check(mode: Mode, wanted: UserInfo, attributes: Attributes): Promise<UserInfo> {
    if (mode.name) {
      const on = { ...attributes, verb: `impersonate-on:${mode.name}:${attributes.verb}` };
      await requireAllowed(this.authorizer, mode.name === 'associated-node' ? ofAnyNode(on) : on);
    }
    const verb = mode.name ? `impersonate:${mode.name}` : 'impersonate';
    const constrained = mode.name !== undefined;
    const whom = await this.checkUsername(wanted, attributes.user, verb, constrained);
    const about = (resource: string, name: string, subresource = ''): ResourceAttributes => ({
      ...asked(attributes.user, verb, 'authentication.k8s.io', resource, name),
      subresource,
    });
    if (wanted.uid) await requireAllowed(this.authorizer, about('uids', wanted.uid));
    for (const group of wanted.groups) {
      const one = asked(attributes.user, verb, constrained ? 'authentication.k8s.io' : '', 'groups', group);
      if (constrained && group === '') throw denied(one, 'impersonating the empty string group is not allowed');
      if (constrained && group === MASTERS) throw denied(one, 'impersonating the system:masters group is not allowed');
      await requireAllowed(this.authorizer, one);
    }
    for (const [key, values] of Object.entries(wanted.extra ?? {}))
      for (const value of values) await requireAllowed(this.authorizer, about('userextras', value, key));
    return withGroups(wanted, whom);
  }

  /** The groups that the name alone brings. */
  private async checkUsername(wanted: UserInfo, requestor: UserInfo, verb: string, constrained: boolean): Promise<readonly string[]> {
    const about = asked(requestor, verb, constrained ? 'authentication.k8s.io' : '', 'users', wanted.username);
    const node = constrained ? nodeNameOf(wanted.username) : undefined;
    const account = splitServiceAccountUsername(wanted.username);
    if (node) {
      const name = verb === 'impersonate:associated-node' ? '*' : node;
      await requireAllowed(this.authorizer, { ...about, resource: 'nodes', name });
      return [NODES_GROUP];
    }
    if (!account) {
      await requireAllowed(this.authorizer, about);
      return wanted.groups;
    }
    await requireAllowed(this.authorizer, { ...about, resource: 'serviceaccounts', ...account });
    return wanted.groups.length ? wanted.groups : serviceAccountGroups(account.namespace);
  }
}

/** Decided without regard to which node it is. */
function ofAnyNode<T extends Attributes>(attributes: T): T {
  const keys = Object.keys(attributes.user.extra ?? {}).sort();
  const extra = { 'authentication.kubernetes.io/associated-node-keys': keys };
  return { ...attributes, user: { ...attributes.user, extra } };
}

const asked = (user: UserInfo, verb: string, group: string, resource: string, name: string): ResourceAttributes => ({
  user,
  verb,
  group,
  version: 'v1',
  resource,
  subresource: '',
  namespace: '',
  name,
  fieldSelector: [],
});

function withGroups({ username, uid, extra }: UserInfo, groups: readonly string[]): UserInfo {
  const anonymous = username === ANONYMOUS;
  const wanted = anonymous ? UNAUTHENTICATED : AUTHENTICATED;
  const has = groups.includes(wanted) || (!anonymous && groups.includes(UNAUTHENTICATED));
  return { username, ...(uid ? { uid } : {}), groups: has ? groups : [...groups, wanted], ...(extra ? { extra } : {}) };
}
