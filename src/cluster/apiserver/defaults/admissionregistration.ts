// Admission policies and webhooks. Follows pkg/apis/admissionregistration/v1/defaults.go.
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

const HTTPS_PORT = 443;
const TIMEOUT_SECONDS = 10;

export function setAdmissionPolicyDefaults(policy: Mutable<ValidatingAdmissionPolicy | MutatingAdmissionPolicy>): void {
  policy.spec ??= {};
  policy.spec.failurePolicy ??= 'Fail';
  setMatchResourcesDefaults(policy.spec.matchConstraints);
}

export function setAdmissionPolicyBindingDefaults(
  binding: Mutable<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>,
): void {
  binding.spec ??= {};
  setMatchResourcesDefaults(binding.spec.matchResources);
}

export function setMutatingWebhookConfigurationDefaults(configuration: Mutable<MutatingWebhookConfiguration>): void {
  setWebhookConfigurationDefaults(configuration);
  for (const webhook of configuration.webhooks ?? []) webhook.reinvocationPolicy ??= 'Never';
}

export function setWebhookConfigurationDefaults({
  webhooks,
}: Mutable<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>): void {
  for (const webhook of webhooks ?? []) {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
    if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= HTTPS_PORT;
    setRuleDefaults(webhook.rules);
  }
}

function setMatchResourcesDefaults(match: Mutable<MatchResources> | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  setRuleDefaults(match.resourceRules);
  setRuleDefaults(match.excludeResourceRules);
}

function setRuleDefaults(rules: Mutable<readonly RuleWithOperations[]> | null | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}
