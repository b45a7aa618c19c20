// The policies of one kind and their bindings, kept up with the store: a policy takes effect with the write that makes it. Each is
// compiled when it is first needed. Follows pkg/admission/plugin/policy/generic/policy_source.go of k8s.io/apiserver.
import type { KubernetesObject } from '../../../../apimachinery/object.ts';
import type { Store } from '../../../storage/store.ts';

/** As much of a policy, or of a configuration, as matters here. */
interface Named {
  readonly metadata: { readonly name: string };
}

interface Binding extends Named {
  readonly spec: { readonly policyName?: string };
}

export interface PolicyHook<P, B, E> {
  readonly policy: P;
  /** In order of their names. */
  readonly bindings: readonly B[];
  readonly evaluator: E;
}

/** All objects of one kind, kept up with the store. */
export class StoredKind<T extends Named> {
  private readonly store: Store;
  private readonly prefix: string;
  private readonly changed: () => void;
  private readonly byName = new Map<string, T>();
  private loading: Promise<void> | undefined;
  private loaded = false;

  /** @param prefix `/registry/validatingadmissionpolicies/` @param changed told of every change */
  constructor(store: Store, prefix: string, changed: () => void) {
    this.store = store;
    this.prefix = prefix;
    this.changed = changed;
  }

  /** Undefined where all of them are known: nothing needs to be waited for. */
  ready(): Promise<void> | undefined {
    return this.loaded ? undefined : (this.loading ??= this.load());
  }

  /** In order of their names. */
  all(): readonly T[] {
    return [...this.byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  get size(): number {
    return this.byName.size;
  }

  private async load(): Promise<void> {
    for (;;) {
      const list = await this.store.list(this.prefix);
      if (!list.ok) continue;
      for (const { value } of list.entries) this.set(value);
      const watch = this.store.watch(this.prefix, list.revision, ({ type, value }) => {
        if (type === 'delete') this.byName.delete(value.metadata.name);
        else this.set(value);
        this.changed();
      });
      // compacted meanwhile
      if (!watch) continue;
      this.loaded = true;
      this.changed();
      return;
    }
  }

  private set(value: KubernetesObject): void {
    this.byName.set(value.metadata.name, value as unknown as T);
  }
}

export class PolicySource<P extends Named, B extends Binding, E> {
  private readonly policies: StoredKind<P>;
  private readonly bindings: StoredKind<B>;
  private readonly compile: (policy: P) => E;
  private compiled = new WeakMap<P, E>();
  private known: readonly PolicyHook<P, B, E>[] | undefined;

  constructor(store: Store, kinds: { readonly policies: string; readonly bindings: string }, compile: (policy: P) => E) {
    const changed = (): void => {
      this.known = undefined;
    };
    this.policies = new StoredKind(store, `/registry/${kinds.policies}/`, changed);
    this.bindings = new StoredKind(store, `/registry/${kinds.bindings}/`, changed);
    this.compile = compile;
  }

  /** Undefined where all is known: nothing needs to be waited for. */
  ready(): Promise<unknown> | undefined {
    const [policies, bindings] = [this.policies.ready(), this.bindings.ready()];
    return policies || bindings ? Promise.all([policies, bindings]) : undefined;
  }

  /** Policies that are bound, in order of their names. */
  hooks(): readonly PolicyHook<P, B, E>[] {
    return (this.known ??= this.policies.size === 0 || this.bindings.size === 0 ? [] : this.gather());
  }

  private gather(): readonly PolicyHook<P, B, E>[] {
    const all = this.bindings.all();
    return this.policies.all().flatMap((policy) => {
      const bindings = all.filter(({ spec }) => spec.policyName === policy.metadata.name);
      return bindings.length ? [{ policy, bindings, evaluator: this.evaluator(policy) }] : [];
    });
  }

  private evaluator(policy: P): E {
    let evaluator = this.compiled.get(policy);
    if (!evaluator) {
      evaluator = this.compile(policy);
      this.compiled.set(policy, evaluator);
    }
    return evaluator;
  }
}
