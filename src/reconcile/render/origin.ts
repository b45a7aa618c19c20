// Where an object comes from, and where in the source one of its fields stands. Places cost a full parse of the document, so they are
// found only when something must be told of it, and all of one document at once.
import type { ManifestDocument } from './manifest-document.ts';
import type { Place } from './manifest-error.ts';
import { positionsIn, type FieldAddress } from './positions.ts';

export interface Origin {
  readonly file: string;
  /** Which of the file's documents, from 1; those that are empty are not counted. */
  readonly document: number;
  /** Where the object begins. */
  readonly line: number;
}

/** A document in its file. */
export interface PlacedDocument {
  readonly document: ManifestDocument;
  /** The line of the file on which the document's text begins. */
  readonly firstLine: number;
}

/** An origin with what {@link locate} needs besides; made by the loader. */
export class ManifestOrigin implements Origin {
  readonly file: string;
  readonly document: number;
  readonly line: number;
  /** The text behind the object, and the way to it through Lists. */
  readonly source: PlacedDocument & { readonly at: readonly (string | number)[] };

  constructor(origin: Origin, source: ManifestOrigin['source']) {
    this.file = origin.file;
    this.document = origin.document;
    this.line = origin.line;
    this.source = source;
  }

  toJSON(): Origin {
    return { file: this.file, document: this.document, line: this.line };
  }
}

/**
 * The place of a field, or where it is absent that of its nearest present parent.
 *
 * @param path as Kubernetes writes it: `spec.containers[0].image`, `metadata.labels[a/b]`
 */
export async function locate(origin: ManifestOrigin, path: string): Promise<Place> {
  const [place] = await locateAll([{ origin, at: [], path }]);
  return place!;
}

/** As {@link locate}, for many: each document is parsed but once. Addresses begin at the object. */
export async function locateAll(wanted: readonly (FieldAddress & { readonly origin: ManifestOrigin })[]): Promise<Place[]> {
  const places: Place[] = [];
  const byDocument = new Map<ManifestDocument, number[]>();
  for (const [i, { origin }] of wanted.entries()) {
    const { document } = origin.source;
    const indices = byDocument.get(document);
    if (indices) indices.push(i);
    else byDocument.set(document, [i]);
  }
  for (const [document, indices] of byDocument) {
    const addresses = indices.map((i) => ({ ...wanted[i]!, at: [...wanted[i]!.origin.source.at, ...wanted[i]!.at] }));
    const positions = await positionsIn(document.text, addresses);
    for (const [k, i] of indices.entries()) {
      const { file, source } = wanted[i]!.origin;
      const { line, column } = positions[k]!;
      places[i] = { file, line: source.firstLine + line - 1, column };
    }
  }
  return places;
}
