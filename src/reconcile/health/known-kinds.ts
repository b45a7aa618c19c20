// The rules of health that come with jibe, for custom resources that many clusters have: written in src/reconcile/health/rules, joined
// into generated/health-rules.json, read when the first custom resource is judged, compiled when the first of its kind is.
import { createRequire } from 'node:module';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { splitApiVersion } from '../../apimachinery/object.ts';
import { judgeBy, type Judge, type KindRules } from './rule.ts';

const require = createRequire(import.meta.url);

/** Rules by kind: the first that names it as it is, else the first whose pattern fits. */
export class RuleBook {
  private readonly exact = new Map<string, KindRules>();
  private readonly patterns: { readonly pattern: RegExp; readonly rules: KindRules }[] = [];
  private readonly judges = new Map<string, Judge | undefined>();

  constructor(rules: readonly KindRules[]) {
    for (const one of rules) {
      for (const kind of one.kinds) {
        if (kind.includes('*')) this.patterns.push({ pattern: patternOf(kind), rules: one });
        else if (!this.exact.has(kind)) this.exact.set(kind, one);
      }
    }
  }

  /** Undefined where nothing is said of the kind. */
  judgeOf({ apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Judge | undefined {
    const key = `${splitApiVersion(apiVersion).group}/${kind}`;
    if (!this.judges.has(key)) {
      const rules = this.exact.get(key) ?? this.patterns.find(({ pattern }) => pattern.test(key))?.rules;
      this.judges.set(key, rules && judgeBy(rules));
    }
    return this.judges.get(key);
  }
}

const patternOf = (kind: string): RegExp => new RegExp(`^${kind.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);

let loaded: RuleBook | undefined;

/** Those that come with jibe. */
export const knownKinds = (): RuleBook => (loaded ??= new RuleBook(require('#generated/health-rules.json') as readonly KindRules[]));
