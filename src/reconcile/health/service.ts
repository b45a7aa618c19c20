// Namespaces, Services, and what extends the API.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import type { APIService } from '#api/apiregistration/v1';
import type { CertificateSigningRequest } from '#api/certificates/v1';
import type { Namespace, Service } from '#api/core/v1';
import { conditionText, findCondition } from './conditions.ts';
import { degraded, healthy, progressing, type Health } from './verdict.ts';

export function namespaceHealth({ status }: Namespace): Health {
  return status?.phase === 'Terminating' ? progressing('is being deleted') : healthy();
}

export function serviceHealth({ spec, status }: Service): Health {
  if (spec.type !== 'LoadBalancer') return healthy();
  return status?.loadBalancer?.ingress?.length ? healthy() : progressing('waiting for the load balancer to have an address');
}

export function customResourceDefinitionHealth({ status }: CustomResourceDefinition): Health {
  const conditions = status?.conditions;
  const names = findCondition(conditions, 'NamesAccepted');
  if (names?.status === 'False') return degraded(conditionText(names));
  const terminating = findCondition(conditions, 'Terminating');
  if (terminating?.status === 'True') return progressing(conditionText(terminating));
  const schema = findCondition(conditions, 'NonStructuralSchema');
  if (schema?.status === 'True') return degraded(conditionText(schema));
  const established = findCondition(conditions, 'Established');
  if (established?.status === 'True') return healthy();
  if (!conditions?.length || established?.reason === 'Installing') return progressing('waiting to be established');
  return degraded('it is not established');
}

export function apiServiceHealth({ status }: APIService): Health {
  const available = findCondition(status?.conditions, 'Available');
  if (available?.status === 'True') return healthy();
  return progressing(available ? conditionText(available) : 'waiting to be available');
}

export function certificateRequestHealth({ status }: CertificateSigningRequest): Health {
  const bad = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  return bad ? degraded(conditionText(bad)) : healthy();
}
