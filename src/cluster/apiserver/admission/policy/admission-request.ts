// The request as expressions and webhooks see it: an admission.k8s.io/v1 AdmissionRequest, without its objects. Follows
// CreateAdmissionRequest of pkg/admission/plugin/cel of k8s.io/apiserver.
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Match } from './match.ts';

const OPTIONS: Readonly<Record<string, string>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' };

/** What was asked for, as the object that Kubernetes makes of query and body. */
function operationOptions({ operation, options }: AdmissionAttributes): JsonObject {
  const kind = OPTIONS[operation];
  if (!kind) return {};
  const { dryRun, fieldManager, fieldValidation, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
  const fields =
    operation === 'DELETE'
      ? { gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy, dryRun }
      : { dryRun, fieldManager: fieldManager || undefined, fieldValidation: fieldValidation || undefined };
  return { kind, apiVersion: 'meta.k8s.io/v1', ...present(fields) };
}

const present = (fields: object): JsonObject => Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined && v !== ''));

export function admissionRequest(attributes: AdmissionAttributes, match: Match): JsonObject {
  const { kind, resource, subresource, name, namespace, operation, user, dryRun } = attributes;
  const { username, uid, groups, extra } = user;
  return {
    kind: { ...match.kind },
    resource: { ...match.resource },
    ...present({ subResource: subresource }),
    requestKind: { ...kind },
    requestResource: { ...resource },
    ...present({ requestSubResource: subresource, name, namespace }),
    operation,
    userInfo: {
      ...present({ username, uid }),
      ...(groups.length ? { groups: [...groups] } : {}),
      ...(extra && Object.keys(extra).length ? { extra } : {}),
    },
    dryRun,
    options: operationOptions(attributes),
  };
}
