// Which resources a patch or a replacement is for: regular expressions on group, version, kind, name and namespace, and selectors on
// labels and annotations. Names and namespaces count as they were first, and as they are now.
import { LabelSelector, SelectorError } from '../../../apimachinery/label-selector.ts';
import { compileRegexp, RegexpError } from '../../../apimachinery/regexp.ts';
import { KustomizeError, type FieldPath } from './kustomize-error.ts';
import type { Selector } from './kustomization.ts';
import type { Resource } from './resource.ts';

type Test = (text: string) => boolean;

/** Compiles a selector of `patches` into a test of resources. */
export function patchSelector(selector: Selector): (resource: Resource) => boolean {
  const group = pattern(selector.group, ['target', 'group']);
  const version = pattern(selector.version, ['target', 'version']);
  const kind = pattern(selector.kind, ['target', 'kind']);
  const name = pattern(selector.name, ['target', 'name']);
  const namespace = pattern(selector.namespace, ['target', 'namespace']);
  const labelled = bySelectors(selector, ['target']);
  return (resource) => {
    const { id, originalId: original } = resource;
    return (
      kind(id.kind) &&
      group(id.group) &&
      version(id.version) &&
      (name(original.name) || name(id.name)) &&
      (namespace(original.effectiveNamespace) || namespace(id.effectiveNamespace)) &&
      labelled(resource)
    );
  };
}

/** Only the selectors on labels and annotations. @param at where the selector stands */
export function bySelectors({ labelSelector, annotationSelector }: Selector, at: FieldPath): (resource: Resource) => boolean {
  const labels = labelSelector ? parsed(labelSelector, [...at, 'labelSelector']) : undefined;
  const annotations = annotationSelector ? parsed(annotationSelector, [...at, 'annotationSelector']) : undefined;
  return (resource) =>
    (!labels || labels.matches(resource.stringMap('labels'))) && (!annotations || annotations.matches(resource.stringMap('annotations')));
}

function pattern(text: string, at: FieldPath): Test {
  if (text === '' || text === '.*') return () => true;
  // most are plain words
  if (/^[\w-]+$/.test(text)) return (candidate) => candidate === text;
  try {
    const regexp = compileRegexp(`^(?:${text})$`);
    return (candidate) => regexp.test(candidate);
  } catch (error) {
    if (error instanceof RegexpError) throw new KustomizeError(error.message, { at, cause: error });
    throw error;
  }
}

function parsed(text: string, at: FieldPath): LabelSelector {
  try {
    return LabelSelector.parse(text);
  } catch (error) {
    if (error instanceof SelectorError) throw new KustomizeError(error.message, { at, cause: error });
    throw error;
  }
}
