// Why a server will not take an object: its answer, field by field, each field where the manifest has it, and what to do about it.
import type { StatusCause } from '#api/meta/v1';
import { isForbidden, isNotFound, type StatusError } from '../../apimachinery/status-error.ts';
import { locate } from '../render/origin.ts';
import type { DesiredResource } from './desired.ts';
import { resourceText, type ResourceId } from './resource-id.ts';

export interface FieldFault {
  /** As Kubernetes writes it; empty where the object as a whole is meant. */
  readonly path: string;
  readonly message: string;
}

export interface Refusal {
  /** The server's own words, without the content of Secrets. */
  readonly message: string;
  readonly code: number;
  readonly faults: readonly FieldFault[];
  /** The change is one that Kubernetes never allows for this field. */
  readonly immutable: boolean;
  /** What to do; empty where nobody knows. */
  readonly remedy: string;
}

export function refusal(error: StatusError, id: ResourceId): Refusal {
  const causes = (error.status.details?.causes ?? []).filter(({ message }) => message);
  const told = id.kind === 'Secret' && id.group === '' ? withoutValue : (text: string): string => text;
  const faults = causes.map(({ field = '', message = '' }) => ({ path: field, message: told(message) }));
  const immutable = error.reason === 'Invalid' && causes.some(isImmutable);
  return {
    message: told(error.message),
    code: error.code,
    faults: faults.length ? faults : [{ path: '', message: told(error.message) }],
    immutable,
    remedy: immutable ? immutableRemedy(id, faults) : remedyFor(error, id),
  };
}

/** The server repeats a value whose type is wrong, also that of a Secret. */
const withoutValue = (message: string): string => message.replace(/(valueUnstructured\{Value:).*\}/s, '$1(masked)}');

/** The ways in which Kubernetes says that a field keeps its value. */
const IMMUTABLE =
  /field is immutable|may not change once set|are forbidden|is immutable|cannot change|may not be changed|updates to .* are forbidden|pod updates may not change/;

const isImmutable = ({ message = '' }: StatusCause): boolean => IMMUTABLE.test(message);

function immutableRemedy(id: ResourceId, faults: readonly FieldFault[]): string {
  const what = resourceText(id);
  const path = faults.find(({ path: p }) => p)?.path ?? 'the field';
  const anew = `let it be made anew with the annotation argocd.argoproj.io/sync-options: Force=true, or delete ${what} and sync again`;
  switch (id.kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'DaemonSet':
      return `${path} is fixed when the ${id.kind} is created: give it another name, or ${anew}; its pods are replaced all at once then`;
    case 'StatefulSet':
      return `only replicas, template, updateStrategy, persistentVolumeClaimRetentionPolicy, minReadySeconds, revisionHistoryLimit and ordinals can change: delete it with --cascade=orphan and sync again, which keeps its pods and claims`;
    case 'Job':
      return `a Job's template is fixed: give the Job another name, or ${anew}; it runs again then`;
    case 'Service':
      return `an address is never changed: leave ${path} out to keep the one there is, or ${anew}; clients lose their connections then`;
    case 'PersistentVolumeClaim':
      return CLAIM_GROWS;
    case 'ConfigMap':
    case 'Secret':
      return `it was made immutable: give the new content another name and refer to that`;
    default:
      return `${path} is fixed when the ${id.kind} is created: ${anew}`;
  }
}

const CLAIM_GROWS =
  'a claim can only grow (spec.resources.requests.storage, where its class allows it): make a new claim and copy the data; deleting it may delete the data';

function remedyFor(error: StatusError, id: ResourceId): string {
  if (isNotFound(error) && /^namespaces? "/.test(error.message))
    return `add a manifest of the namespace ${id.namespace} to the source, or create it first`;
  if (id.kind === 'PersistentVolumeClaim' && /can not be less than/.test(error.message)) return CLAIM_GROWS;
  if (isForbidden(error) && /exceeded quota/.test(error.message)) return 'lower the requests, or have the quota raised';
  return '';
}

/** The faults with their places in the source. */
export async function placedFaults({ faults }: Refusal, { origin }: DesiredResource) {
  return Promise.all(
    faults.map(async ({ path, message }) => {
      const place = origin ? await locate(origin, path) : { file: '', line: 0, column: 0 };
      return { ...place, path, message };
    }),
  );
}
