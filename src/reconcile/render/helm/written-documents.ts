// What templates wrote, cut into documents and these into objects, each with the place in the template that wrote it; hooks told from what
// is no hook, and all in the order of `helm template`. Follows Helm's pkg/releaseutil.
import { isObject } from '../../../apimachinery/object.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import { ManifestDocument, startOf } from '../manifest-document.ts';
import { fieldPath, type ManifestError, type Place } from '../manifest-error.ts';
import type { Manifest } from '../manifests.ts';
import { ManifestOrigin, type PlacedDocument } from '../origin.ts';
import { Lines, type Position } from '../positions.ts';
import type { RenderedTemplate } from './engine/engine.ts';
import { inInstallOrder } from './install-order.ts';

export interface WrittenObjects {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly ManifestError[];
  readonly warnings: readonly ManifestError[];
}

/** Documents of one template. */
const MAX_DOCUMENTS = 100_000;

/** One document that a template wrote, not looked at yet. */
interface Written {
  readonly document: ManifestDocument;
  readonly placed: PlacedDocument;
  /** Of its template's documents, from 1. */
  readonly number: number;
  readonly place: Place;
  readonly kind: string;
  readonly hooks: readonly string[] | undefined;
}

/** What is for `helm test` alone is left out. @param pathOf the file that a template stands in, by its name as Helm has it */
export async function writtenObjects(
  templates: readonly RenderedTemplate[],
  pathOf: (template: string) => string,
  cache: ManifestCache,
): Promise<WrittenObjects> {
  const errors: ManifestError[] = [];
  const warnings: ManifestError[] = [];
  const written: Written[] = [];
  for (const template of [...templates].sort((a, b) => (a.name < b.name ? -1 : 1)))
    if (!template.name.endsWith('NOTES.txt')) written.push(...(await documentsOf(template, pathOf, cache, errors)));
  const generic = written.filter(({ hooks }) => hooks === undefined);
  const hooks = written.filter((one) => {
    const unknown = one.hooks?.find((hook) => !HOOKS.has(hook));
    if (unknown !== undefined)
      warnings.push({
        ...one.place,
        path: 'metadata.annotations[helm.sh/hook]',
        message: `${one.kind} is left out: there is no hook ${JSON.stringify(unknown)}`,
      });
    return one.hooks !== undefined && unknown === undefined && !one.hooks.some((hook) => TESTS.has(hook));
  });
  const manifests: Manifest[] = [];
  for (const { document, placed, number, place } of [...inInstallOrder(generic), ...inInstallOrder(hooks)]) {
    const faults = document.faults.map(({ at, position, message, hint, tolerated }) => ({
      tolerated,
      error: { ...placed.writtenAt!(position), path: fieldPath(at), message, ...(hint ? { hint } : {}) },
    }));
    errors.push(...faults.filter(({ tolerated }) => !tolerated).map(({ error }) => error));
    warnings.push(...faults.filter(({ tolerated }) => tolerated).map(({ error }) => error));
    for (const { object, at } of document.entries)
      manifests.push({ object, origin: new ManifestOrigin({ file: place.file, document: number, line: place.line }, { ...placed, at }) });
  }
  return { manifests, errors, warnings };
}

const TESTS = new Set(['test', 'test-success']);
const HOOKS = new Set([
  'pre-install',
  'post-install',
  'pre-delete',
  'post-delete',
  'pre-upgrade',
  'post-upgrade',
  'pre-rollback',
  'post-rollback',
  ...TESTS,
]);

async function documentsOf(
  { name, text, placeAt }: RenderedTemplate,
  pathOf: (template: string) => string,
  cache: ManifestCache,
  errors: ManifestError[],
): Promise<readonly Written[]> {
  const parts = splitWritten(text);
  if (parts.length > MAX_DOCUMENTS) {
    errors.push({ file: pathOf(name), line: 1, column: 1, path: '', message: `the template writes more than ${MAX_DOCUMENTS} documents` });
    return [];
  }
  const out: Written[] = [];
  for (const [i, part] of parts.entries()) {
    const document = await parsed(part.text, cache);
    const lines = new Lines(part.text);
    const placeOf = (offset: number): Place => {
      const { template, line } = placeAt(part.offset + offset);
      return { file: pathOf(template), line, column: 1 };
    };
    const start = placeOf(Math.min(startOf(part.text), part.text.length - 1));
    // a template of others may have written all of it; what it was written for is this one
    const place = start.file === pathOf(name) ? start : { file: pathOf(name), line: 1, column: 1 };
    const writtenAt = ({ line, column }: Position): Place => placeOf(lines.offset({ line, column }));
    const [first] = document.entries;
    const object = first?.at.length === 0 ? first.object : undefined;
    const annotations = isObject(object?.metadata.annotations) ? object.metadata.annotations : {};
    const hook = annotations['helm.sh/hook'];
    out.push({
      document,
      placed: { document, firstLine: 1, writtenAt },
      number: i + 1,
      place,
      // a List is one document, whatever it holds
      kind: object?.kind ?? /^kind: *["']?(\w+)/m.exec(part.text)?.[1] ?? '',
      hooks: typeof hook === 'string' ? hook.split(',').map((one) => one.trim().toLowerCase()) : undefined,
    });
  }
  return out;
}

async function parsed(text: string, cache: ManifestCache): Promise<ManifestDocument> {
  const known = cache.documents.templated.get(text);
  if (known) return known;
  const document = await ManifestDocument.read(text, 'yaml', cache.ageKeys, 'last wins');
  cache.documents.templated.set(text, document);
  return document;
}

/** Helm's cut: three dashes at the start of a line, whatever follows them, and no space around a document. */
export function splitWritten(text: string): readonly { readonly text: string; readonly offset: number }[] {
  const out: { readonly text: string; readonly offset: number }[] = [];
  const start = text.length - text.trimStart().length;
  for (let from = text.startsWith('---', start) ? start + 3 : start; from <= text.length;) {
    const dashes = text.indexOf('\n---', from);
    const part = text.slice(from, dashes < 0 ? text.length : dashes);
    const own = part.trim();
    if (own !== '') out.push({ text: `${own}\n`, offset: from + part.indexOf(own) });
    if (dashes < 0) break;
    from = dashes + 4;
  }
  return out;
}
