// The documents of one file, independent of the file's name: what is cached by a blob's id.
import { looksLikeJson, splitJson, splitYaml, type DocumentText } from '../../apimachinery/yaml/documents.ts';
import type { ManifestCache } from './manifest-cache.ts';
import { ManifestDocument } from './manifest-document.ts';
import type { PlacedDocument } from './origin.ts';
import { recognise } from './recognise.ts';
import { decodeText, type TextFault } from './text.ts';

export interface ManifestFile {
  readonly documents: readonly PlacedDocument[];
  /** What is wrong with the text as a whole, or between its documents. */
  readonly faults: readonly (Omit<TextFault, 'hint'> & { readonly hint?: string })[];
}

/** Documents of one file. */
const MAX_DOCUMENTS = 100_000;

/** Reads YAML or JSON; which of them the text tells, not the file's name. */
export async function readManifestFile(bytes: Uint8Array, cache: ManifestCache): Promise<ManifestFile> {
  const decoded = decodeText(bytes);
  if (decoded.fault) return { documents: [], faults: [decoded.fault] };
  const { text } = decoded;
  const json = looksLikeJson(text) ? splitJson(text, MAX_DOCUMENTS + 1) : undefined;
  const format = json ? 'json' : 'yaml';
  const parts = json ?? splitYaml(text, MAX_DOCUMENTS + 1);
  if (parts.length > MAX_DOCUMENTS) {
    const fault = { line: parts.at(-1)!.line, column: 1, message: `the file has more than ${MAX_DOCUMENTS} documents`, hint: 'split it' };
    return { documents: [], faults: [fault] };
  }
  const documents: PlacedDocument[] = [];
  const faults: ManifestFile['faults'][number][] = [];
  for (const part of parts) {
    let document = cache.documents[format].get(part.text);
    if (!document) {
      document = await ManifestDocument.read(parts.length > 1 ? ownText(part.text) : part.text, format, cache.ageKeys);
      cache.documents[format].set(document.text, document);
    }
    documents.push({ document, firstLine: part.line });
    if (part.badSeparator !== undefined) faults.push(badSeparator(part, part.badSeparator));
  }
  return { documents, faults };
}

/** A part of a text keeps the whole alive: a cached document would keep the file that it once stood in. */
const ownText = (part: string): string => Buffer.from(part).toString();

function badSeparator({ text, line }: DocumentText, rest: string): ManifestFile['faults'][number] {
  const at = line + (text.match(/\n/g)?.length ?? 0);
  const hint = recognise(rest) ?? 'three dashes stand alone on their line, or before a comment';
  return { line: at, column: 1, message: `invalid document separator: ${JSON.stringify(`---${rest}`).slice(0, 80)}`, hint };
}
