// Which objects of a collection a list, watch or deletion of a collection is about: label and field selectors, read once a request.
import { fieldsMatch, parseFieldSelector, type FieldTerm } from '../../../apimachinery/field-selector.ts';
import { LabelSelector, SelectorError } from '../../../apimachinery/label-selector.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { badRequest } from '../../../apimachinery/status-error.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition } from './resource-definition.ts';

export interface Selection {
  /** Selects everything: counts of what is left are exact then. */
  readonly everything: boolean;
  /** The one name that can match, where the selector says so. */
  readonly name: string | undefined;
  matches(object: KubernetesObject): boolean;
}

/** Throws a StatusError (400) for selectors that cannot be read, or name fields that the kind does not offer. */
export function readSelection(context: RequestContext): Selection {
  const { labelSelector = '', fieldSelector = '' } = context.options;
  const { definition, version } = context.served;
  let labels: LabelSelector;
  let terms: readonly FieldTerm[];
  try {
    labels = LabelSelector.parse(labelSelector);
    terms = parseFieldSelector(fieldSelector);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
  for (const { field } of terms) checkField(definition, version.kind, field);
  const { name: requested } = context.request;
  if (requested) {
    // a list or watch of one object by its path
    const named = terms.find((t) => t.field === 'metadata.name' && t.operator === '=');
    if (terms.length && named?.value !== requested) throw badRequest("fieldSelector metadata.name doesn't match requested name");
    if (!terms.length) terms = [{ field: 'metadata.name', operator: '=', value: requested }];
  }
  const name = terms.find((t) => t.field === 'metadata.name' && t.operator === '=')?.value;
  const everything = labels.empty && terms.length === 0;
  const needsValues = terms.some((t) => !t.field.startsWith('metadata.'));
  return {
    everything,
    name,
    matches(object) {
      if (everything) return true;
      if (!labels.matches(object.metadata.labels)) return false;
      if (terms.length === 0) return true;
      const { name: own, namespace = '' } = object.metadata;
      const values = needsValues ? definition.selectableFields?.read(object) : undefined;
      return fieldsMatch(terms, { ...values, 'metadata.name': own, ...(definition.namespaced ? { 'metadata.namespace': namespace } : {}) });
    },
  };
}

function checkField(definition: ResourceDefinition, kind: string, field: string): void {
  if (field === 'metadata.name' || field === 'metadata.namespace') return;
  const { selectableFields } = definition;
  if (selectableFields?.names.includes(field)) return;
  if (selectableFields?.refuse) throw badRequest(selectableFields.refuse(field, kind));
  throw badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
