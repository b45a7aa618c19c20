// Tells in the status of ValidatingAdmissionPolicies which of their expressions do not fit the kinds that they are about: once for each
// generation. Follows pkg/controller/validatingadmissionpolicystatus of kube-controller-manager.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import { structType } from '../../apimachinery/cel/cel-type.ts';
import { celTypeOf, goFieldTypes } from '../../apimachinery/cel/go-types.ts';
import { objectTypes, schemaType, withTypeAndMeta, type ValueSchema } from '../../apimachinery/cel/schema-type.ts';
import type { GroupVersionKind } from '../../apimachinery/object.ts';
import { builtinKinds, structType as goStruct } from '../../apimachinery/schema/schema.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { kindsToCheck, typeCheck, type KindType } from './validating-admission-policy-status/type-check.ts';

const KIND = 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy';
const MANAGER = 'validatingadmissionpolicy-status';
const WORKERS = 5;
const OBJECT_META = 'meta/v1.ObjectMeta';

export function validatingAdmissionPolicyStatusController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const policies = informers.of(KIND);
  const definitions = informers.of('apiextensions.k8s.io/v1/CustomResourceDefinition');

  const typeOf = (kind: GroupVersionKind): KindType | undefined => builtinType(kind) ?? customType(kind, definitions.list());

  return controller({
    name: 'validatingadmissionpolicy-status-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const changed = ({ metadata }: { readonly metadata: { readonly name: string } }): void => queue.add(metadata.name);
      policies.addHandler({ added: changed, updated: changed });
    },
    async reconcile(name) {
      const policy = policies.get('', name);
      if (!policy) return;
      const { generation = 0 } = policy.metadata;
      if (generation <= (policy.status?.observedGeneration ?? 0)) return;
      const expressionWarnings = typeCheck(policy, kindsToCheck(policy, await client.resources()), typeOf);
      const typeChecking = expressionWarnings.length ? { expressionWarnings } : {};
      const status = { observedGeneration: generation, typeChecking };
      const applied = { apiVersion: policy.apiVersion, kind: policy.kind, metadata: { name }, status };
      await client.patch(KIND, name, applied, { type: 'apply', force: true, fieldManager: MANAGER, subresource: 'status' });
    },
  });
}

function builtinType({ group, version, kind }: GroupVersionKind): KindType | undefined {
  const facts = builtinKinds().find((one) => one.group === group && one.version === version && one.kind === kind);
  return facts && { type: celTypeOf(goStruct(facts.type)), fields: goFieldTypes };
}

/** With the whole of the metadata, of which rules in definitions see but the names. */
function customType({ group, version, kind }: GroupVersionKind, definitions: Iterable<CustomResourceDefinition>): KindType | undefined {
  for (const { spec } of definitions) {
    if (spec.group !== group || spec.names.kind !== kind) continue;
    const schema = spec.versions.find(({ name, served }) => name === version && served)?.schema?.openAPIV3Schema;
    const root = schema && schemaType(withTypeAndMeta(schema as ValueSchema), false, kind);
    if (!root) return undefined;
    const types = objectTypes(root);
    const metadata = structType(OBJECT_META);
    return {
      type: root.type,
      fields(name) {
        const fields = types.get(name)?.fields;
        if (!fields) return goFieldTypes(name);
        return (field) => (name === root.type.name && field === 'metadata' ? metadata : fields.get(field)?.type);
      },
    };
  }
  return undefined;
}
