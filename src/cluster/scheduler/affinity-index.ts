// The inter-pod affinity of all pods that run, by what they want: for each term, how many pods that have it there are by the value of its
// topology key. Pods that are alike share their terms, so that a cycle asks as many questions as there are kinds of pods, not pods.
import type { Labels } from '../../apimachinery/label-selector.ts';
import { NO_TERMS, type AffinityTerm, type AffinityTerms, type PodInfo } from './pod-info.ts';

export interface AffinityKind {
  readonly terms: AffinityTerms;
  /** Topology value → pods. */
  counts(term: AffinityTerm): ReadonlyMap<string, number>;
}

class Kind implements AffinityKind {
  readonly terms: AffinityTerms;
  pods = 0;
  private readonly byTerm = new Map<AffinityTerm, Map<string, number>>();

  constructor(terms: AffinityTerms) {
    this.terms = terms;
    for (const term of allTerms(terms)) this.byTerm.set(term, new Map());
  }

  counts(term: AffinityTerm): ReadonlyMap<string, number> {
    return this.byTerm.get(term)!;
  }

  add(labels: Labels, by: number): void {
    this.pods += by;
    for (const [{ topologyKey }, counts] of this.byTerm) {
      const value = labels[topologyKey];
      if (value === undefined) continue;
      const count = (counts.get(value) ?? 0) + by;
      if (count === 0) counts.delete(value);
      else counts.set(value, count);
    }
  }
}

/** Where terms are kept that are about namespaces by their labels. */
const ANYWHERE = '';

export class AffinityIndex {
  private readonly kinds = new Map<AffinityTerms, Kind>();
  private readonly byNamespace = new Map<string, Set<Kind>>();

  get empty(): boolean {
    return this.kinds.size === 0;
  }

  /** The kinds that may have something to say about pods of the namespace. */
  *about(namespace: string): Iterable<AffinityKind> {
    yield* this.byNamespace.get(namespace) ?? [];
    for (const kind of this.byNamespace.get(ANYWHERE) ?? []) if (!this.byNamespace.get(namespace)?.has(kind)) yield kind;
  }

  /** A pod comes to a node with these labels, or leaves it. */
  add({ terms }: PodInfo, labels: Labels, sign: 1 | -1): void {
    if (terms === NO_TERMS) return;
    let kind = this.kinds.get(terms);
    if (!kind) {
      kind = new Kind(terms);
      this.kinds.set(terms, kind);
      for (const namespace of namespacesOf(terms)) {
        const there = this.byNamespace.get(namespace);
        if (there) there.add(kind);
        else this.byNamespace.set(namespace, new Set([kind]));
      }
    }
    kind.add(labels, sign);
    if (kind.pods > 0) return;
    this.kinds.delete(terms);
    for (const namespace of namespacesOf(terms)) {
      const there = this.byNamespace.get(namespace);
      if (there?.delete(kind) && there.size === 0) this.byNamespace.delete(namespace);
    }
  }
}

function* allTerms(terms: AffinityTerms): Iterable<AffinityTerm> {
  yield* terms.affinity;
  yield* terms.antiAffinity;
  yield* terms.preferredAffinity;
  yield* terms.preferredAntiAffinity;
}

function namespacesOf(terms: AffinityTerms): Set<string> {
  const all = new Set<string>();
  for (const { namespaces, namespaceSelector } of allTerms(terms)) {
    for (const namespace of namespaces) all.add(namespace);
    if (namespaceSelector) all.add(ANYWHERE);
  }
  return all;
}
