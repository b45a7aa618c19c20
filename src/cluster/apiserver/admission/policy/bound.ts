// To what a policy is bound for one request: the bindings that match it, each with its parameters. Follows the dispatcher of
// pkg/admission/plugin/policy/generic of k8s.io/apiserver.
import type { MatchResources, ParamKind, ParamRef } from '#api/admissionregistration/v1';
import { StatusError } from '../../../../apimachinery/status-error.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { Store } from '../../../storage/store.ts';
import type { ResourceCatalog } from '../../generic/catalog.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Match, Matcher } from './match.ts';
import { collectParams } from './params.ts';

interface AnyPolicy {
  readonly spec: { readonly matchConstraints?: MatchResources; readonly paramKind?: ParamKind };
}

interface AnyBinding {
  readonly spec: { readonly matchResources?: MatchResources; readonly paramRef?: ParamRef };
}

export interface BoundScope {
  readonly store: Store;
  readonly catalog: ResourceCatalog;
  readonly matcher: Matcher;
  readonly attributes: AdmissionAttributes;
}

export interface Bound<B> {
  readonly binding: B;
  /** As what the policy, not the binding, matches the request. */
  readonly match: Match;
  readonly params: readonly (JsonObject | undefined)[];
}

/**
 * One after the other, so that what one brings about comes before the next is looked at.
 * @param misconfigured told of what cannot be found out: a fault of the policy's configuration, or of the binding's
 */
export async function* boundTo<B extends AnyBinding>(
  { policy, bindings }: { readonly policy: AnyPolicy; readonly bindings: readonly B[] },
  { store, catalog, matcher, attributes }: BoundScope,
  misconfigured: (binding: B | undefined, why: string) => void,
): AsyncGenerator<Bound<B>> {
  const matching = async (resources: MatchResources | undefined, binding: B | undefined): Promise<Match | undefined> => {
    try {
      return await matcher.matches(attributes, resources ?? {});
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      misconfigured(binding, `failed to configure ${binding ? 'binding' : 'policy'}: ${error.message}`);
      return undefined;
    }
  };
  const match = await matching(policy.spec.matchConstraints, undefined);
  if (!match) return;
  for (const binding of bindings) {
    if (!(await matching(binding.spec.matchResources, binding))) continue;
    const found = await collectParams({ store, catalog }, policy.spec.paramKind, binding.spec.paramRef, attributes.namespace);
    if (found.ok) yield { binding, match, params: found.params };
    else misconfigured(binding, `failed to configure binding: ${found.error}`);
  }
}
