// Takes over objects of another API server as they are: with their uids, their status and their owners' marks. Defaults of fields that
// the other server does not know are filled in, as a server does with what an older one has stored; nothing is admitted or validated.
import { DecodeError } from '../../../apimachinery/codec/decode.ts';
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import type { Store } from '../../storage/store.ts';
import type { ResourceCatalog, Served } from './catalog.ts';
import { complete, decodeBody, toStored } from './decode-object.ts';
import { ObjectStore } from './object-store.ts';

/** An object that was left out, and why. */
export interface NotAdopted {
  readonly object: KubernetesObject;
  readonly reason: string;
}

/** An object of the same name gives way. @param catalog must know the kinds */
export async function adopt(
  objects: readonly KubernetesObject[],
  { catalog, store }: { readonly catalog: ResourceCatalog; readonly store: Store },
): Promise<readonly NotAdopted[]> {
  const left: NotAdopted[] = [];
  for (const object of objects) {
    const served = catalog.findKind(`${object.apiVersion}/${object.kind}`);
    if (!served) {
      left.push({ object, reason: `the kind ${object.apiVersion} ${object.kind} is not known` });
      continue;
    }
    const stored = asStored(object, served);
    if (typeof stored === 'string') left.push({ object, reason: stored });
    else await new ObjectStore(store, served.definition).update(object.metadata.namespace ?? '', object.metadata.name, false, () => stored);
  }
  return left;
}

/** In the version that is stored; or what is wrong with it. */
function asStored(object: KubernetesObject, served: Served): KubernetesObject | string {
  try {
    const decoded = decodeBody(served.version, { value: object }, undefined);
    return toStored(complete(decoded.object as JsonObject, served, undefined), served) as KubernetesObject;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}
