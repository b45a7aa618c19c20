// Both sides of a preview, rendered in the same way: the apps that a source defines, the overlays of one that defines none, or one set.
import { renderOverlays } from '../apps/overlays.ts';
import { renderSource, type RenderedSource, type RenderSourceOptions } from '../apps/prepare-apps.ts';
import { infoOf } from '../prepare.ts';
import type { Side } from '../source/compare.ts';
import { openSource, type SourceDeps, type SourceSpec } from '../source/source.ts';
import { SourceError } from '../source/source-error.ts';

export interface RenderedSides {
  readonly base: RenderedSource;
  readonly head: RenderedSource;
  /** What is odd about them, in a sentence. */
  readonly about: string | undefined;
}

/** @param chosen what of the sources is read. Throws a SourceError where one cannot be opened */
export async function renderSides(
  sides: { readonly base: Side; readonly head: Side },
  chosen: Pick<SourceSpec, 'path' | 'include' | 'exclude'>,
  deps: SourceDeps,
  options: RenderSourceOptions,
): Promise<RenderedSides> {
  const specOf = ({ spec }: Side): SourceSpec => ({ ...chosen, ...spec });
  const brought: string[] = [];
  const [base, head] = await Promise.all([
    renderSource(specOf(sides.base), deps, options).catch((error: unknown) => {
      brought.push(chosen.path ?? '');
      return withoutPath(error, specOf(sides.base), deps);
    }),
    renderSource(specOf(sides.head), deps, options),
  ]);
  const about = brought.length ? `Base has no ${brought[0]}: all that is in it comes with head.` : undefined;
  const whole = { base: shownAs(base, sides.base), head: shownAs(head, sides.head), about };
  if (base.apps || head.apps || about !== undefined) return whole;
  const overlays = (side: Side, least?: number): Promise<RenderedSource | undefined> => renderOverlays(specOf(side), deps, options, least);
  const [of, to] = await Promise.all([overlays(sides.base), overlays(sides.head)]);
  if (!of && !to) return whole;
  // where one of two overlays comes or goes, the other is one all the same
  const [from, until] = [of ?? (await overlays(sides.base, 0)), to ?? (await overlays(sides.head, 0))];
  return { base: shownAs(from!, sides.base), head: shownAs(until!, sides.head), about };
}

/** What a change brings need not have been there: nothing, where base is there and only the path in it is not. Throws the error otherwise. */
async function withoutPath(error: unknown, { path, ...spec }: SourceSpec, deps: SourceDeps): Promise<RenderedSource> {
  if (!(error instanceof SourceError) || error.code !== 'NotFound' || path === undefined) throw error;
  const snapshot = await openSource(spec, deps);
  await snapshot.close();
  return { source: { ...infoOf(snapshot), path }, files: 0, plain: { manifests: [], errors: [], warnings: [] } };
}

const shownAs = (rendered: RenderedSource, { shown }: Side): RenderedSource =>
  shown ? { ...rendered, source: { ...rendered.source, ...shown } } : rendered;
