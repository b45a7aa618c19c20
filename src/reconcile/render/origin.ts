// Where an object comes from, and where one of its fields is said: in the manifest's own file, or in what changed it on its way. Places
// cost a full parse of the document, so they are found only when something must be told of it, and all of one document at once.
import { stepsAlong, stepsInContent, type Content, type FieldOrigins, type FieldSource, type Steps } from './field-origins.ts';
import type { ManifestDocument } from './manifest-document.ts';
import { fieldPath, type Place } from './manifest-error.ts';
import { positionsIn, type FieldAddress, type Position } from './positions.ts';

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
  /** Of a text that stands in no file, since a template wrote it: the place of what wrote it there. */
  readonly writtenAt?: (position: Position) => Place;
}

/** The object as something made it, and what that set. */
export interface OriginLayer {
  readonly root: unknown;
  readonly origins: FieldOrigins;
}

/** An origin with what {@link locate} needs besides; made by the loader. */
export class ManifestOrigin implements Origin {
  readonly file: string;
  readonly document: number;
  readonly line: number;
  /** The text behind the object, and the way to it through Lists. */
  readonly source: PlacedDocument & { readonly at: Steps; /** What is written there. */ readonly content?: Content };
  /** What made the object of what is written, the last one last. */
  readonly layers: readonly OriginLayer[];

  constructor(origin: Origin, source: ManifestOrigin['source'], layers: readonly OriginLayer[] = []) {
    this.file = origin.file;
    this.document = origin.document;
    this.line = origin.line;
    this.source = source;
    this.layers = layers;
  }

  /** The origin of what was made of the object. */
  withLayer(layer: OriginLayer): ManifestOrigin {
    return new ManifestOrigin(this, this.source, [...this.layers, layer]);
  }

  toJSON(): Origin {
    return { file: this.file, document: this.document, line: this.line };
  }
}

/** Of a document that is no manifest but says fields of others. @param number which of its file's documents, from 1 */
export const documentOrigin = (file: string, number: number, document: PlacedDocument): ManifestOrigin =>
  new ManifestOrigin(
    { file, document: number, line: document.firstLine },
    { document: document.document, firstLine: document.firstLine, at: [] },
  );

/** A field that something other than the object's own manifest set, and where. */
export interface ChangedField extends Place {
  readonly path: string;
  /** It is not there any more. */
  readonly removed?: true;
}

/** What was set on the way from each manifest to its object, in the order of its fields. */
export async function changedFields(origins: readonly ManifestOrigin[]): Promise<(readonly ChangedField[])[]> {
  const found = origins.map((origin) => [...changesOf(origin)]);
  const places = await placesOf(found.flat().map(({ target }) => target));
  let next = 0;
  return found.map((changes) => changes.map(({ path, removed }) => ({ path, ...places[next++]!, ...(removed ? { removed } : {}) })));
}

interface Change {
  readonly path: string;
  readonly target: Target;
  readonly removed: boolean;
}

/** Of two layers that set the same field, the later one. */
function changesOf({ layers }: ManifestOrigin): Iterable<Change> {
  const changes = new Map<string, Change>();
  for (const { root, origins } of layers)
    for (const { steps, source, removed } of origins.list(root)) {
      const path = fieldPath(steps);
      changes.set(path, { path, target: targetOf(source, steps, root, steps.length), removed });
    }
  return changes.values();
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
  return placesOf(wanted.map(({ origin, at, path = '' }) => targetIn(origin, at, path)));
}

/** A field of a text, or a place that needs no search. */
type Target =
  | { readonly place: Place }
  | {
      readonly file: string;
      readonly outer: PlacedDocument;
      readonly address: FieldAddress;
      readonly inner?: { readonly text: PlacedDocument; readonly address: FieldAddress };
    };

function targetIn(origin: ManifestOrigin, at: Steps, path: string): Target {
  const { file, source, layers } = origin;
  for (const { root, origins } of [...layers].reverse()) {
    if (origins.isEmpty) continue;
    const steps = stepsFrom(root, at, path);
    const found = origins.find(root, steps);
    if (found) return targetOf(found.source, steps, root, found.depth);
  }
  const [first] = layers;
  const steps = source.content && first && stepsInContent(source.content, first.root, stepsFrom(first.root, at, path));
  return { file, outer: source, address: steps ? { at: [...source.at, ...steps] } : { at: [...source.at, ...at], path } };
}

function stepsFrom(root: unknown, at: Steps, path: string): Steps {
  let value = root;
  for (const step of at)
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined;
  return path === '' ? at : [...at, ...stepsAlong(value, path)];
}

/** @param depth how many of the steps lead to what the source set */
function targetOf(source: FieldSource, steps: Steps, root: unknown, depth: number): Target {
  if ('place' in source) return source;
  const { origin, at, path = '', inner, content } = source;
  let inContent: Steps = [];
  if (content?.from === 'object') inContent = stepsInContent(content, root, steps);
  else if (content) {
    let value = root;
    for (const step of steps.slice(0, depth)) value = (value as Record<string | number, unknown> | undefined)?.[step];
    inContent = stepsInContent(content, value, steps.slice(depth));
  }
  if (!inner) return targetIn(origin, [...at, ...inContent], path);
  const outer = targetIn(origin, at, path);
  return 'place' in outer ? outer : { ...outer, inner: { text: inner, address: { at: [...inner.at, ...inContent] } } };
}

async function placesOf(targets: readonly Target[]): Promise<Place[]> {
  const lookUp = new LookUp();
  const asked = targets.map((target) =>
    'place' in target
      ? undefined
      : {
          outer: lookUp.ask(target.outer.document, target.address),
          inner: target.inner && lookUp.ask(target.inner.text.document, target.inner.address),
        },
  );
  await lookUp.answer();
  const known = new Map<ManifestDocument, readonly string[]>();
  const linesOf = (document: ManifestDocument): readonly string[] => {
    const lines = known.get(document) ?? document.text.split('\n');
    known.set(document, lines);
    return lines;
  };
  return targets.map((target, i) => {
    if ('place' in target) return target.place;
    const { outer, inner } = asked[i]!;
    const { line, column } = outer();
    const written = target.outer.writtenAt?.({ line, column });
    if (written) return written;
    const place = { file: target.file, line: target.outer.firstLine + line - 1, column };
    const indentation = inner && blockIndentation(linesOf(target.outer.document), line);
    if (indentation === undefined) return place;
    const within = inner!();
    return { ...place, line: place.line + target.inner!.text.firstLine - 1 + within.line, column: indentation + within.column };
  });
}

/** How far the text of a field is indented that stands line by line below it; undefined where it stands otherwise. */
function blockIndentation(lines: readonly string[], line: number): number | undefined {
  const header = lines[line - 1] ?? '';
  if (!/[|][+-]?\d?[+-]?\s*(?:#.*)?$/.test(header)) return undefined;
  const first = lines.find((below, i) => i >= line && below.trim() !== '') ?? '';
  return /^ */.exec(first)![0].length;
}

/** Positions in many documents: asked for one by one, answered all at once. */
class LookUp {
  private readonly byDocument = new Map<ManifestDocument, FieldAddress[]>();
  private readonly answers = new Map<ManifestDocument, readonly Position[]>();

  ask(document: ManifestDocument, address: FieldAddress): () => Position {
    const addresses = this.byDocument.get(document) ?? [];
    this.byDocument.set(document, addresses);
    const i = addresses.push(address) - 1;
    return () => this.answers.get(document)![i]!;
  }

  async answer(): Promise<void> {
    for (const [document, addresses] of this.byDocument) this.answers.set(document, await positionsIn(document.text, addresses));
  }
}
