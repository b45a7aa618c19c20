// The resources of API group admissionregistration.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function admissionregistrationResources(): ResourceDefinition[] {
  return [
    define('admissionregistration.k8s.io', 'mutatingadmissionpolicies', { categories: ['api-extensions'], strategy: {} }),
    define('admissionregistration.k8s.io', 'mutatingadmissionpolicybindings', { categories: ['api-extensions'], strategy: {} }),
    define('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', { categories: ['api-extensions'], strategy: {} }),
    define('admissionregistration.k8s.io', 'validatingadmissionpolicies', { categories: ['api-extensions'], strategy: {} }),
    define('admissionregistration.k8s.io', 'validatingadmissionpolicybindings', { categories: ['api-extensions'], strategy: {} }),
    define('admissionregistration.k8s.io', 'validatingwebhookconfigurations', { categories: ['api-extensions'], strategy: {} }),
  ];
}
