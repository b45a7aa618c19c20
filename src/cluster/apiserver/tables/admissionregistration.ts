// Tables of API group admissionregistration.k8s.io. Follows pkg/printers/internalversion.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1';
import { goLabelSelector } from '../../../apimachinery/go-text.ts';
import { age } from './ages.ts';
import { columnsOf, integer, text, UNSET } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const webhookColumns = columnsOf<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>(
  [NAME, integer('Webhooks', 'How many are called.'), AGE],
  ({ metadata, webhooks = [] }, now) => [metadata.name!, webhooks.length, age(metadata.creationTimestamp, now)],
);

const paramKind = text('ParamKind', 'The kind of its parameters.');

const kindOf = ({ spec }: ValidatingAdmissionPolicy | MutatingAdmissionPolicy): string =>
  spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : UNSET;

export const validatingPolicyColumns = columnsOf<ValidatingAdmissionPolicy>(
  [NAME, integer('Validations', 'How many it has.'), paramKind, AGE],
  (policy, now) => [
    policy.metadata.name!,
    policy.spec?.validations?.length ?? 0,
    kindOf(policy),
    age(policy.metadata.creationTimestamp, now),
  ],
);

export const mutatingPolicyColumns = columnsOf<MutatingAdmissionPolicy>(
  [NAME, integer('Mutations', 'How many it has.'), paramKind, AGE],
  (policy, now) => [
    policy.metadata.name!,
    policy.spec?.mutations?.length ?? 0,
    kindOf(policy),
    age(policy.metadata.creationTimestamp, now),
  ],
);

export const policyBindingColumns = columnsOf<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>(
  [NAME, text('PolicyName', 'The policy that is bound.'), text('ParamRef', 'Its parameters.'), AGE],
  ({ metadata, spec }, now) => {
    const { name, namespace, selector } = spec?.paramRef ?? {};
    const ref = name ? (namespace ? `${namespace}/${name}` : name) : selector ? goLabelSelector(selector) : UNSET;
    return [metadata.name!, spec?.policyName ?? '', ref, age(metadata.creationTimestamp, now)];
  },
);
