// Roles and bindings of the store, kept ready for questions: which rules does a user have in a namespace. Read once, at the first
// question, and from then on the store's own events keep it right: they come within the write, so that a binding counts at once.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '#api/rbac/v1';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import type { Store } from '../../storage/store.ts';

const REGISTRY = '/registry/';
const ROLE_FOLDERS = ['clusterroles/', 'roles/'];
const BINDING_FOLDERS = ['clusterrolebindings/', 'rolebindings/'];

/** One rule that a user has, and where it comes from. */
export interface Grant {
  readonly rule: PolicyRule;
  readonly binding: RoleBinding | ClusterRoleBinding;
  readonly subject: Subject;
}

export interface Grants {
  readonly grants: readonly Grant[];
  /** Of bindings whose role is missing. */
  readonly errors: readonly string[];
}

/** By the words of {@link subjectKeys}. */
type BySubject = Map<string, Map<string, RoleBinding | ClusterRoleBinding>>;

const CLUSTER = '';

export class RbacIndex {
  private readonly store: Store;
  /** `name` or `namespace/name` → rules. */
  private readonly rules = new Map<string, readonly PolicyRule[]>();
  /** Namespace → subject → bindings; those of the cluster under the empty name. */
  private readonly bindings = new Map<string, BySubject>();
  private loading: Promise<void> | undefined;
  private loaded = false;
  private known = new WeakMap<UserInfo, Map<string, Grants>>();

  constructor(store: Store) {
    this.store = store;
  }

  /** Undefined: it can be asked already. */
  ready(): Promise<void> | undefined {
    if (this.loaded) return undefined;
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<void> {
    for (const folder of ROLE_FOLDERS) await this.follow(REGISTRY + folder, (key, object) => this.roleChanged(key, object));
    for (const folder of BINDING_FOLDERS)
      await this.follow(REGISTRY + folder, (_, object, previous) => this.bindingChanged(object, previous));
    this.loaded = true;
  }

  private async follow(
    prefix: string,
    changed: (key: string, object: KubernetesObject | undefined, previous: KubernetesObject | undefined) => void,
  ): Promise<void> {
    const list = await this.store.list(prefix);
    if (!list.ok) throw new Error(`the latest state of ${prefix} cannot be read: ${list.reason}`);
    for (const { key, value } of list.entries) changed(key.slice(prefix.length), value, undefined);
    this.store.watch(prefix, list.revision, ({ type, key, value, previous }) => {
      this.known = new WeakMap();
      changed(key.slice(prefix.length), type === 'delete' ? undefined : value, previous);
    });
  }

  private roleChanged(key: string, object: KubernetesObject | undefined): void {
    if (object) this.rules.set(key, (object as unknown as Role | ClusterRole).rules ?? []);
    else this.rules.delete(key);
  }

  private bindingChanged(object: KubernetesObject | undefined, previous: KubernetesObject | undefined): void {
    if (previous) this.file(previous as unknown as RoleBinding, (of, name) => of.delete(name));
    if (object) this.file(object as unknown as RoleBinding, (of, name, binding) => of.set(name, binding));
  }

  private file(
    binding: RoleBinding | ClusterRoleBinding,
    change: (of: Map<string, RoleBinding | ClusterRoleBinding>, name: string, binding: RoleBinding | ClusterRoleBinding) => void,
  ): void {
    const { namespace = CLUSTER, name } = binding.metadata;
    let bySubject = this.bindings.get(namespace);
    if (!bySubject) this.bindings.set(namespace, (bySubject = new Map()));
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      let of = bySubject.get(key);
      if (!of) bySubject.set(key, (of = new Map()));
      change(of, name, binding);
      if (of.size === 0) bySubject.delete(key);
    }
    if (bySubject.size === 0) this.bindings.delete(namespace);
  }

  /** Those of the cluster, and those of the namespace where one is named. Only once it is {@link ready}. */
  grantsOf(user: UserInfo, namespace: string): Grants {
    let byNamespace = this.known.get(user);
    if (!byNamespace) this.known.set(user, (byNamespace = new Map()));
    // where nobody is bound to anything, the cluster's are all there are
    const where = this.bindings.has(namespace) ? namespace : CLUSTER;
    let found = byNamespace.get(where);
    if (!found) {
      const keys = new Set([`User ${user.username}`, ...user.groups.map((group) => `Group ${group}`)]);
      const own = this.collect(where, keys);
      const cluster = where === CLUSTER ? undefined : this.grantsOf(user, CLUSTER);
      found = cluster ? { grants: [...cluster.grants, ...own.grants], errors: [...cluster.errors, ...own.errors] } : own;
      byNamespace.set(where, found);
    }
    return found;
  }

  private collect(namespace: string, keys: ReadonlySet<string>): Grants {
    const bySubject = this.bindings.get(namespace);
    const found = new Map<string, RoleBinding | ClusterRoleBinding>();
    for (const key of keys) for (const [name, binding] of bySubject?.get(key) ?? []) found.set(name, binding);
    const grants: Grant[] = [];
    const errors: string[] = [];
    for (const binding of found.values()) {
      const rules = this.rulesOf(binding.roleRef, namespace);
      const subject = binding.subjects!.find((s) => keys.has(subjectKey(s, namespace)))!;
      if (rules) for (const rule of rules) grants.push({ rule, binding, subject });
      else errors.push(`${binding.roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(binding.roleRef.name)} not found`);
    }
    return { grants, errors };
  }

  /** Undefined where there is no such role. Only once it is {@link ready}. */
  rulesOf({ kind, name }: RoleBinding['roleRef'], namespace: string): readonly PolicyRule[] | undefined {
    return this.rules.get(kind === 'ClusterRole' ? name : `${namespace}/${name}`);
  }
}

/** ServiceAccounts are users of a certain name. @param namespace the binding's own: it counts where the subject names none */
function subjectKey({ kind, name, namespace: own }: Subject, namespace: string): string {
  return kind === 'ServiceAccount' ? `User system:serviceaccount:${own || namespace}:${name}` : `${kind} ${name}`;
}
