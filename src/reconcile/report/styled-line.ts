// Lines for people whose parts have a tone, before it is known where they are shown: a terminal paints them, HTML marks them up, and
// Markdown leaves them as they are.
import type { Palette } from './text.ts';

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Span = string | readonly [Tone, string];
export type Line = readonly Span[];

export const painted = (line: Line, palette: Palette): string =>
  line.map((span) => (typeof span === 'string' ? span : palette[span[0]](span[1]))).join('');

export const bare = (line: Line): string => line.map((span) => (typeof span === 'string' ? span : span[1])).join('');

const same = (text: string): string => text;

/** Leaves every text as it is. */
export const PLAIN: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
