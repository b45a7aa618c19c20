// Both sides of a preview, rendered in the same way: the apps that a source defines, the overlays of one that defines none, or one set.
import { renderOverlays } from '../apps/overlays.ts';
import { renderSource, type RenderedSource, type RenderSourceOptions } from '../apps/prepare-apps.ts';
import type { Side } from '../source/compare.ts';
import type { SourceDeps, SourceSpec } from '../source/source.ts';

export interface RenderedSides {
  readonly base: RenderedSource;
  readonly head: RenderedSource;
}

/** @param chosen what of the sources is read. Throws a SourceError where one cannot be opened */
export async function renderSides(
  sides: { readonly base: Side; readonly head: Side },
  chosen: Pick<SourceSpec, 'path' | 'include' | 'exclude'>,
  deps: SourceDeps,
  options: RenderSourceOptions,
): Promise<RenderedSides> {
  const specOf = ({ spec }: Side): SourceSpec => ({ ...chosen, ...spec });
  const [base, head] = await Promise.all([
    renderSource(specOf(sides.base), deps, options),
    renderSource(specOf(sides.head), deps, options),
  ]);
  const whole = { base: shownAs(base, sides.base), head: shownAs(head, sides.head) };
  if (base.apps || head.apps) return whole;
  const overlays = (side: Side, least?: number): Promise<RenderedSource | undefined> => renderOverlays(specOf(side), deps, options, least);
  const [of, to] = await Promise.all([overlays(sides.base), overlays(sides.head)]);
  if (!of && !to) return whole;
  // where one of two overlays comes or goes, the other is one all the same
  const [from, until] = [of ?? (await overlays(sides.base, 0)), to ?? (await overlays(sides.head, 0))];
  return { base: shownAs(from!, sides.base), head: shownAs(until!, sides.head) };
}

const shownAs = (rendered: RenderedSource, { shown }: Side): RenderedSource =>
  shown ? { ...rendered, source: { ...rendered.source, ...shown } } : rendered;
