// Static validation of manifests, without a cluster: kinds that are not served, fields that are unknown, missing or of the wrong type,
// each with its place and a remedy. It refuses nothing that an API server takes; what only a server can judge, it judges in a dry run.
import type { Manifest } from '../render/manifests.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { fieldPath, inReadingOrder, type ManifestError } from '../render/manifest-error.ts';
import { locateAll, type ManifestOrigin } from '../render/origin.ts';
import type { CustomKind } from './custom-kind.ts';
import { KnownKinds, type KnownKind, type ServedKinds } from './known-kinds.ts';
import { SchemaChecker } from './schema-check.ts';
import { explain, type ExplainedError } from './schema-error.ts';

export interface Validation {
  readonly errors: readonly ManifestError[];
  /** The same, by the object that they are about. */
  readonly byObject: ReadonlyMap<ManifestOrigin, readonly ManifestError[]>;
  /** What an API server takes but most likely is not meant. */
  readonly warnings: readonly ManifestError[];
}

export interface ValidateOptions {
  /** Kinds that the cluster is known to serve besides Kubernetes' own. */
  readonly served?: ServedKinds;
}

/** Validates manifests. Keep it between validations of one source: schemas stay compiled, and what has not changed is not checked again. */
export class ManifestValidator {
  private readonly checker = new SchemaChecker();
  private readonly checked = new WeakMap<DesiredObject, { readonly schema: unknown; readonly errors: readonly ExplainedError[] }>();

  async validate(manifests: readonly Manifest[], { served }: ValidateOptions = {}): Promise<Validation> {
    const kinds = KnownKinds.beside(
      manifests.map(({ object }) => object),
      served,
    );
    const errors: Found[] = [];
    const warnings: Found[] = [];
    for (const { object, origin } of manifests) {
      const known = kinds.get(object.apiVersion, object.kind);
      if (!known) {
        const { path, ...explained } = kinds.explain(object.apiVersion, object.kind);
        errors.push({ object, origin, error: { parts: [path], value: JSON.stringify(object[path]), ...explained } });
        continue;
      }
      for (const error of await this.check(object, known)) errors.push({ object, origin, error });
      if (!known.namespaced && object.metadata.namespace) warnings.push({ object, origin, error: ignoredNamespace(object) });
    }
    const placedErrors = await placed(errors);
    const byObject = new Map<ManifestOrigin, ManifestError[]>();
    for (const [i, { origin }] of errors.entries()) byObject.set(origin, [...(byObject.get(origin) ?? []), placedErrors[i]!]);
    return { errors: inReadingOrder(placedErrors), byObject, warnings: inReadingOrder(await placed(warnings)) };
  }

  private async check(object: DesiredObject, { type, custom }: KnownKind): Promise<readonly ExplainedError[]> {
    const schema = type ?? custom?.schema;
    if (schema === undefined) return [];
    const earlier = this.checked.get(object);
    if (earlier?.schema === schema) return earlier.errors;
    if (countValues(object, MAX_VALUES) > MAX_VALUES)
      return [{ parts: [], message: 'the object is larger than any API server takes', hint: 'split it' }];
    const found = await (type !== undefined
      ? this.checker.builtin(type, object)
      : this.checker.customResource(custom as CustomKind, object));
    const errors = found.map((error) => explain(error, object, type));
    this.checked.set(object, { schema, errors });
    return errors;
  }
}

/** Values that fit into the 3 MiB of a request, and for each of which there may be an error. */
const MAX_VALUES = 1_500_000;

/** Counts until there are more than `most`. */
function countValues(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const inner of Object.values(value)) {
    count += countValues(inner, most - count);
    if (count > most) break;
  }
  return count;
}

/** A server clears it; a reader would think that it meant something. */
const ignoredNamespace = ({ kind, metadata }: DesiredObject): ExplainedError => ({
  parts: ['metadata', 'namespace'],
  value: JSON.stringify(metadata.namespace),
  message: `the namespace is ignored: ${kind} is cluster-scoped`,
  hint: 'remove it',
});

interface Found {
  readonly object: DesiredObject;
  readonly origin: ManifestOrigin;
  readonly error: ExplainedError;
}

/** What an overlay sets, it may set in many objects. */
const ofWhat = ({ kind, metadata }: DesiredObject, { file, line }: ManifestOrigin, said: string): string =>
  said === file ? '' : ` (in ${kind} ${metadata.name ?? metadata.generateName ?? ''} of ${file}:${line})`;

async function placed(found: readonly Found[]): Promise<readonly ManifestError[]> {
  const places = await locateAll(found.map(({ origin, error }) => ({ origin, at: error.parts })));
  return found.map(({ object, origin, error: { parts, message, ...error } }, i) => {
    const place = places[i]!;
    return { ...place, path: fieldPath(parts), message: `${message}${ofWhat(object, origin, place.file)}`, ...error };
  });
}
