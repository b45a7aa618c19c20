// Which pods a set of labels selects, and which objects select a pod, found through indexes instead of searches.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import type { LabelSelector, Labels } from '../../../apimachinery/label-selector.ts';
import type { Informer } from '../../../client/informer.ts';

const BY_LABEL = 'label';

type Indexed = { readonly metadata: KubernetesObject['metadata'] };

const pair = (namespace: string, key: string, value: string): string => `${namespace}/${key}=${value}`;

/** Must be called before the informer starts. */
export function indexByLabel<T extends Indexed>(informer: Informer<T>): void {
  informer.addIndex(BY_LABEL, ({ metadata: { namespace = '', labels = {} } }) =>
    Object.entries(labels).map(([key, value]) => pair(namespace, key, value)),
  );
}

/** Objects of a namespace that match. The index must be there. */
export function selectedBy<T extends Indexed>(informer: Informer<T>, namespace: string, selector: LabelSelector): T[] {
  const first = selector.requirements.find((r) => r.operator === '=' || (r.operator === 'in' && r.values.length === 1));
  const candidates = first ? informer.byIndex(BY_LABEL, pair(namespace, first.key, first.values[0]!)) : informer.list(namespace);
  return [...candidates].filter((object) => selector.matches(object.metadata.labels));
}

const BY_SELECTOR = 'selector';
/** Selectors that no single label can find. */
const ANY = '*';

/** For finding the objects that select a pod. Must be called before the informer starts. @param of undefined: selects nothing */
export function indexBySelector<T extends Indexed>(informer: Informer<T>, of: (object: T) => LabelSelector | undefined): void {
  informer.addIndex(BY_SELECTOR, (object) => {
    const selector = of(object);
    if (!selector) return [];
    const { namespace = '' } = object.metadata;
    const first = selector.requirements.find((r) => r.operator === '=' || (r.operator === 'in' && r.values.length === 1));
    return [first ? pair(namespace, first.key, first.values[0]!) : `${namespace}/${ANY}`];
  });
}

/** Objects of the namespace whose selector matches these labels. */
export function selecting<T extends Indexed>(
  informer: Informer<T>,
  namespace: string,
  labels: Labels | undefined,
  of: (object: T) => LabelSelector | undefined,
): T[] {
  const found: T[] = [];
  if (informer.size === 0) return found;
  const look = (key: string): void => {
    for (const object of informer.byIndex(BY_SELECTOR, key)) if (of(object)?.matches(labels)) found.push(object);
  };
  for (const key in labels) look(pair(namespace, key, labels[key]!));
  look(`${namespace}/${ANY}`);
  return found;
}
