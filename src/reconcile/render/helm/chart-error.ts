// Why a chart cannot be rendered: in which of its files, at which field, and what to do about it. The first one ends the rendering, as it
// does in Helm; render-chart.ts turns it into a manifest error with its place. What a template refuses: engine/chart-template-error.ts.
import { decodeText } from '../text.ts';
import { positionsIn } from '../positions.ts';
import { fieldPath, type ManifestError, type Place } from '../manifest-error.ts';
import type { ValuesFile } from './values.ts';

/** A file and a field of it: names and indices. */
export interface ChartPlace {
  readonly file: ValuesFile;
  readonly at?: readonly (string | number)[];
}

/** Where something stands that whoever uses the chart says: a field of an app's definition. */
export type PlaceSaid = (field: string) => Promise<Place>;

export class ChartError extends Error {
  override readonly name = 'ChartError';
  /** Undefined where the chart as a whole is meant. */
  readonly place: ChartPlace | undefined;
  readonly hint: string | undefined;
  /** What whoever uses the chart says, and is to blame. */
  readonly said: string | undefined;
  /** In the file, where no field says it. */
  readonly position: { readonly line: number; readonly column: number } | undefined;

  constructor(
    message: string,
    where: {
      readonly place?: ChartPlace | undefined;
      readonly position?: { readonly line: number; readonly column: number };
      readonly hint?: string | undefined;
      readonly said?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.place = where.place;
    this.position = where.position;
    this.hint = where.hint;
    this.said = where.said;
  }
}

/** @param shown the file that is to blame where none is named */
export async function placedError(error: ChartError, shown: string, placeSaid: PlaceSaid | undefined): Promise<ManifestError> {
  const { message, place, position, hint, said } = error;
  const field = said ?? (placeSaid ? place?.file.said : undefined);
  const tail = { message, ...(hint ? { hint } : {}) };
  if (field !== undefined) {
    const at = placeSaid ? await placeSaid(field) : { file: shown, line: 1, column: 1 };
    return { ...at, path: placeSaid ? field : '', ...tail, message: placeSaid ? message : `${field}: ${message}` };
  }
  const file = place?.file.path ?? shown;
  if (position) return { file, ...position, path: '', ...tail };
  return { ...(place ? await placeOf(place, undefined) : { file, line: 1, column: 1 }), path: fieldPath(place?.at ?? []), ...tail };
}

/** Where a field stands; the start of the file where that cannot be told. */
export async function placeOf({ file, at = [] }: ChartPlace, placeSaid: PlaceSaid | undefined): Promise<Place> {
  if (file.said !== undefined)
    return placeSaid ? placeSaid([file.said, fieldPath(at)].filter(Boolean).join('.')) : { file: file.path, line: 1, column: 1 };
  const decoded = at.length ? decodeText(file.bytes) : undefined;
  if (!decoded || decoded.fault) return { file: file.path, line: 1, column: 1 };
  return { file: file.path, ...(await positionsIn(decoded.text, [{ at }]))[0]! };
}
