// Custom resources whose versions are converted by a webhook: one version's way from and to the store. What the webhook made of a stored
// object is kept with the object, so that each is converted once however often it is read, listed and watched.
import { splitApiVersion, type KubernetesObject } from '../../../apimachinery/object.ts';
import type { StoredForm } from '../generic/resource-definition.ts';
import type { Convert } from './conversion-webhook.ts';
import type { CustomDecoder } from './decode-custom.ts';

export interface ConvertedFormParts {
  /** The version that is served. */
  readonly apiVersion: string;
  readonly storageVersion: string;
  /** By name of the version. */
  readonly decoders: ReadonlyMap<string, CustomDecoder>;
  readonly convert: Convert;
}

export function convertedForm({ apiVersion, storageVersion, decoders, convert }: ConvertedFormParts): StoredForm {
  const decoderOf = (version: string): CustomDecoder | undefined => decoders.get(splitApiVersion(version).version);
  const own = decoderOf(apiVersion)!;
  const storage = decoderOf(storageVersion)!;
  const converted = new WeakMap<KubernetesObject, KubernetesObject>();
  /** The defaults of the version in which it is stored are part of what is converted. */
  const asStored = (object: KubernetesObject): KubernetesObject => decoderOf(object.apiVersion)?.read(object, decoders) ?? object;
  return {
    prepare(objects) {
      const foreign = objects.filter((object) => object.apiVersion !== apiVersion && !converted.has(object));
      if (foreign.length === 0) return undefined;
      return prepare(foreign);
    },
    read: (object) => own.read(object, decoders, (foreign) => converted.get(foreign)!),
    async write(object) {
      if (object.apiVersion === storageVersion) return storage.store(object);
      const [made] = await convert([object], storageVersion);
      return storage.store(made!);
    },
  };

  async function prepare(foreign: readonly KubernetesObject[]): Promise<void> {
    const made = await convert(foreign.map(asStored), apiVersion);
    foreign.forEach((object, i) => converted.set(object, made[i]!));
  }
}
