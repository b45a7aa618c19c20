// Flux's ArtifactGenerator: parts of a repository as sources of their own (ExternalArtifacts), so that a change elsewhere in it concerns nobody.
// Where files keep their places towards each other, such a part is read as a directory of the repository. Pure.
import type { Manifest } from '../render/manifests.ts';
import { Fields, type FieldFault } from './fields.ts';
import { sourceKey } from './flux.ts';

/** A directory of another source. */
export interface ArtifactPart {
  /** The key of that source. */
  readonly of: string;
  /** Empty: all of it. */
  readonly root: string;
}

/** What a generator makes: where it lies, or why that is not followed. */
export type Artifact = ArtifactPart | { readonly notRendered: string };

/** What the generator makes, by the keys of ExternalArtifacts. @param namespace of the generator */
export function readArtifacts({ object }: Manifest, namespace: string, faults: FieldFault[]): ReadonlyMap<string, Artifact> {
  const spec = new Fields(object.spec, 'spec', faults);
  const sources = new Map(
    spec
      .inners('sources')
      .map((source) => [
        source.required('alias'),
        sourceKey(source.required('kind'), source.string('namespace') || namespace, source.required('name')),
      ]),
  );
  return new Map(
    spec.inners('artifacts').map((artifact) => {
      const parts = artifact.inners('copy').map((copy) => partOf(copy, sources));
      return [sourceKey('ExternalArtifact', namespace, artifact.required('name')), together(parts)];
    }),
  );
}

const notAsItLies = (why: string): Artifact => ({ notRendered: `an ExternalArtifact ${why} is not read here` });

/** `@repo/apps/base/**` to `@artifact/base/` is the directory `apps` of the source. */
function partOf(copy: Fields, sources: ReadonlyMap<string, string>): Artifact {
  const [, alias = '', from] = /^@([^/]+)\/(?:(.*)\/)?\*\*$/.exec(copy.required('from')) ?? [];
  const [, to] = /^@artifact\/(.*)$/.exec(copy.required('to')) ?? [];
  const of = sources.get(alias);
  if (of === undefined || to === undefined) return notAsItLies('that is more than whole directories of a source');
  if (copy.list('exclude').length) return notAsItLies('that leaves files out');
  const [source, target] = [segments(from ?? ''), segments(to)];
  const root = source.slice(0, Math.max(source.length - target.length, 0));
  return [...root, ...target].join('/') === source.join('/')
    ? { of, root: root.join('/') }
    : notAsItLies('whose files change their places');
}

const segments = (path: string): readonly string[] => path.split('/').filter((part) => part !== '' && part !== '.');

function together(parts: readonly Artifact[]): Artifact {
  const [first, ...others] = parts;
  if (first === undefined) return notAsItLies('of nothing');
  const odd = parts.find((part) => 'notRendered' in part);
  if (odd || 'notRendered' in first) return odd ?? first;
  return others.every((part) => 'of' in part && part.of === first.of && part.root === first.root)
    ? first
    : notAsItLies('of several directories that are put together');
}
