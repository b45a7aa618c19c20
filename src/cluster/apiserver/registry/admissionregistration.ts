// The resources of API group admissionregistration.k8s.io.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1';
import {
  setAdmissionPolicyBindingDefaults,
  setAdmissionPolicyDefaults,
  setMutatingWebhookConfigurationDefaults,
  setWebhookConfigurationDefaults,
} from '../defaults/admissionregistration.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { specStrategy } from '../generic/spec-strategy.ts';
import { mutatingPolicyColumns, policyBindingColumns, validatingPolicyColumns, webhookColumns } from '../tables/admissionregistration.ts';
import { validateMutatingAdmissionPolicy, validateValidatingAdmissionPolicy } from '../validation/admission-policy.ts';
import {
  validateMutatingAdmissionPolicyBinding,
  validateValidatingAdmissionPolicyBinding,
} from '../validation/admission-policy-binding.ts';
import { validateWebhookConfiguration, validateWebhookConfigurationUpdate } from '../validation/webhook-configuration.ts';

const GROUP = 'admissionregistration.k8s.io';
const categories = ['api-extensions'];

export function admissionregistrationResources(): ResourceDefinition[] {
  const webhooks = {
    ...specStrategy({ fields: ['webhooks'] }),
    ...typed<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>({
      validate: validateWebhookConfiguration,
      validateUpdate: validateWebhookConfigurationUpdate,
    }),
  };
  return [
    define(GROUP, 'mutatingadmissionpolicies', {
      categories,
      columns: mutatingPolicyColumns,
      versions: { v1: defaulting<MutatingAdmissionPolicy>(setAdmissionPolicyDefaults) },
      strategy: {
        ...specStrategy({}),
        ...typed<MutatingAdmissionPolicy>({
          validate: validateMutatingAdmissionPolicy,
          validateUpdate: (policy) => validateMutatingAdmissionPolicy(policy),
        }),
      },
    }),
    define(GROUP, 'mutatingadmissionpolicybindings', {
      categories,
      columns: policyBindingColumns,
      versions: { v1: defaulting<MutatingAdmissionPolicyBinding>(setAdmissionPolicyBindingDefaults) },
      strategy: {
        ...specStrategy({}),
        ...typed<MutatingAdmissionPolicyBinding>({
          validate: validateMutatingAdmissionPolicyBinding,
          validateUpdate: (binding) => validateMutatingAdmissionPolicyBinding(binding),
        }),
      },
    }),
    define(GROUP, 'mutatingwebhookconfigurations', {
      categories,
      columns: webhookColumns,
      versions: { v1: defaulting<MutatingWebhookConfiguration>(setMutatingWebhookConfigurationDefaults) },
      strategy: webhooks,
    }),
    define(GROUP, 'validatingadmissionpolicies', {
      categories,
      columns: validatingPolicyColumns,
      versions: { v1: defaulting<ValidatingAdmissionPolicy>(setAdmissionPolicyDefaults) },
      strategy: {
        ...specStrategy({ status: {} }),
        ...typed<ValidatingAdmissionPolicy>({
          validate: validateValidatingAdmissionPolicy,
          validateUpdate: (policy) => validateValidatingAdmissionPolicy(policy),
        }),
      },
    }),
    define(GROUP, 'validatingadmissionpolicybindings', {
      categories,
      columns: policyBindingColumns,
      versions: { v1: defaulting<ValidatingAdmissionPolicyBinding>(setAdmissionPolicyBindingDefaults) },
      strategy: {
        ...specStrategy({}),
        ...typed<ValidatingAdmissionPolicyBinding>({
          validate: validateValidatingAdmissionPolicyBinding,
          validateUpdate: (binding) => validateValidatingAdmissionPolicyBinding(binding),
        }),
      },
    }),
    define(GROUP, 'validatingwebhookconfigurations', {
      categories,
      columns: webhookColumns,
      versions: { v1: defaulting<ValidatingWebhookConfiguration>(setWebhookConfigurationDefaults) },
      strategy: webhooks,
    }),
  ];
}
