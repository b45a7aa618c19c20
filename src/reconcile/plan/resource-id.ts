// How the reconciler names an object. The version takes no part in what it is: the same object is read and written in several.
import { splitApiVersion, type KubernetesObject } from '../../apimachinery/object.ts';

export interface ResourceId {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/** The same for all versions of an object. */
export const resourceKey = ({ group, kind, namespace, name }: ResourceId): string => `${group}/${kind}/${namespace}/${name}`;

/** `apps/v1/Deployment`, as the Client takes it. */
export const kindOf = ({ group, version, kind }: Pick<ResourceId, 'group' | 'version' | 'kind'>): string =>
  `${group ? `${group}/` : ''}${version}/${kind}`;

/** `Deployment shop/web`, or `Namespace shop`: for people. */
export const resourceText = ({ kind, namespace, name }: Pick<ResourceId, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`;

/** An object of any kind, typed or not. */
interface Identified extends Pick<KubernetesObject, 'apiVersion' | 'kind'> {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

export function idOf({ apiVersion, kind, metadata: { namespace = '', name } }: Identified): ResourceId {
  return { ...splitApiVersion(apiVersion), kind, namespace, name };
}
