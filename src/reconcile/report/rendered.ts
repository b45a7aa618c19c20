// Rendered objects as text: YAML with where each comes from above it, JSON; with the fields that something other than its manifest set.
import type { Manifest } from '../render/manifests.ts';
import { changedFields, type ChangedField } from '../render/origin.ts';
import { oneLine } from './printable.ts';
import { originOf } from './result.ts';
import { toYaml } from './yaml.ts';

/** What one app of a source renders to. */
export interface RenderedPart {
  /** Empty where the source defines none. */
  readonly app: string;
  readonly manifests: readonly Manifest[];
}

/** @param withFields also tell which fields were set on the way, and where */
export async function renderedYaml(parts: readonly RenderedPart[], withFields: boolean): Promise<string> {
  const fields = await fieldsOf(parts, withFields);
  const documents = parts.flatMap(({ app, manifests }) =>
    manifests.map(({ object, origin }, i) => {
      const lines = [
        `${app ? `${app}: ` : ''}${oneLine(origin.file)}:${origin.line}`,
        ...(fields.get(manifests)?.[i] ?? []).map(fieldLine),
      ];
      return `---\n${lines.map((line) => `# ${line}\n`).join('')}${toYaml(object)}`;
    }),
  );
  return documents.join('');
}

/** The objects; with their fields a list of `{object, origin, fields}`. */
export async function renderedJson(parts: readonly RenderedPart[], withFields: boolean): Promise<string> {
  const fields = await fieldsOf(parts, withFields);
  const all = parts.flatMap(({ app, manifests }) =>
    manifests.map(({ object, origin }, i) =>
      withFields ? { ...(app ? { app } : {}), object, origin: originOf(origin), fields: fields.get(manifests)![i] } : object,
    ),
  );
  return JSON.stringify(all, null, 2);
}

const fieldLine = ({ path, file, line, removed }: ChangedField): string =>
  `  ${oneLine(path)}: ${oneLine(file)}:${line}${removed ? ' (removed)' : ''}`;

async function fieldsOf(
  parts: readonly RenderedPart[],
  wanted: boolean,
): Promise<ReadonlyMap<readonly Manifest[], readonly (readonly ChangedField[])[]>> {
  const found = new Map<readonly Manifest[], readonly (readonly ChangedField[])[]>();
  if (wanted) for (const { manifests } of parts) found.set(manifests, await changedFields(manifests.map(({ origin }) => origin)));
  return found;
}
