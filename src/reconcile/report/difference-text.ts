// What differs in an object for people: short values on one line, images by the part that differs, texts as the lines that changed.
import { structuredPatch } from 'diff';
import { resourceText, type ResourceId } from '../plan/resource-id.ts';
import type { ValueDifference } from '../plan/value-difference.ts';
import { oneLine, printable, shortened } from './printable.ts';
import type { DescribedDifference, ObjectDifference } from './result.ts';
import type { Line, Tone } from './styled-line.ts';

/** Values longer than this are shown on lines of their own. */
const SHORT = 60;
/** The time that it takes grows with the square of the lines that differ. */
const MOST_CHANGED_LINES = 2000;
const CONTEXT_LINES = 2;

/** What a report has room for. */
export interface Room {
  /** Lines of one field. */
  readonly lines: number;
  /** Characters of one line. */
  readonly characters: number;
}

/** Of what is asked for by itself, nothing is left out. */
export const ALL: Room = { lines: Infinity, characters: Infinity };

/** The object's own line, and those of its fields. */
export function objectDifferenceLines(difference: ObjectDifference, room = ALL): Line[] {
  const { change, fields, origin } = difference;
  const [sign, tone] = ({ added: ['+', 'green'], modified: ['~', 'yellow'], deleted: ['-', 'red'] } as const)[change];
  const from = origin ? `  ${oneLine(origin.file)}:${origin.line}` : '';
  return [
    [[tone, sign], ' ', ['bold', objectText(difference)], ` ${change}${noteOf(difference)}`, ['dim', from]],
    ...fields.flatMap((field) => fieldDifferenceLines(field, room, origin?.file)),
  ];
}

export const objectText = (id: Pick<ResourceId, 'kind' | 'namespace' | 'name'>): string => oneLine(resourceText(id));

/** What an object was or is called besides; begins with a space where there is something to say. */
export function noteOf({ previousName, renamedFrom, renamedTo }: ObjectDifference): string {
  const other = renamedFrom ?? renamedTo;
  const place = other && `${other.namespace ? `${other.namespace}/` : ''}${other.name}`;
  return previousName ? ` (was ${oneLine(previousName)})` : place ? ` (the same ${renamedFrom ? 'was' : 'is now'} ${oneLine(place)})` : '';
}

/** @param home the object's own file: only what is said elsewhere names its place */
export function fieldDifferenceLines(field: DescribedDifference, room = ALL, home = field.origin?.file): Line[] {
  const lines = withPlace(linesOf(field), field.origin?.file === home ? undefined : field.origin);
  const most = lines.length > room.lines + 1 ? room.lines : lines.length;
  const kept = lines.slice(0, most).map((line) => (room.characters === Infinity ? line : cut(line, room.characters)));
  return most < lines.length ? [...kept, [['dim', `      … and ${lines.length - most} more lines`]]] : kept;
}

const withPlace = ([first = [], ...rest]: Line[], origin: DescribedDifference['origin']): Line[] => [
  origin ? [...first, ['dim', `  ${oneLine(origin.file)}:${origin.line}`]] : first,
  ...rest,
];

function cut(line: Line, most: number): Line {
  let left = most;
  return line.map((span) => {
    const text = typeof span === 'string' ? span : span[1];
    const kept = left <= 0 ? '' : shortened(text, left);
    left -= text.length;
    return typeof span === 'string' ? kept : [span[0], kept];
  });
}

function linesOf({ path: rawPath, detail, ...values }: DescribedDifference): Line[] {
  const { live, desired } = values;
  const path = oneLine(rawPath);
  if (detail?.is === 'structure' && detail.fields.length > 0)
    return [[`    ${path}: `, ['dim', `(${detail.format})`]], ...detail.fields.flatMap(linesOf).map((line): Line => ['  ', ...line])];
  if (typeof live === 'string' && typeof desired === 'string') {
    if (detail?.is === 'image') return [imageLine(path, live, desired, detail)];
    if (live.includes('\n') || desired.includes('\n')) return [[`    ${path}:`], ...changedLines(live, desired)];
  }
  const [before, after] = ['live' in values ? text(live) : undefined, 'desired' in values ? text(desired) : undefined];
  if (before === undefined) return block(path, '+', after!);
  if (after === undefined) return block(path, '-', before);
  if (before.length + after.length <= SHORT * 2 && !before.includes('\n') && !after.includes('\n'))
    return [[`    ${path}: `, ['red', before], ' → ', ['green', after]]];
  return [...block(path, '-', before), ...block(path, '+', after)];
}

type ImageDifference = Extract<ValueDifference, { is: 'image' }>;

/** What is the same of both names is told once. */
function imageLine(path: string, live: string, desired: string, detail: ImageDifference): Line {
  const same = detail.registry || detail.repository ? 0 : commonLength(live, desired);
  const [before, after] = [live, desired].map((image) => oneLine(image.slice(same)).replace(/^:/, ''));
  const name = same ? `${oneLine(live.slice(0, same))}  ` : '';
  return [`    ${path}: ${name}`, ['red', before || '(no tag)'], ' → ', ['green', after || '(no tag)'], ['dim', beyondTheTag(detail)]];
}

/** Up to the tag or the digest. */
function commonLength(live: string, desired: string): number {
  const end = (image: string): number => {
    const at = image.indexOf('@');
    const colon = image.lastIndexOf(':', at < 0 ? undefined : at);
    return colon > image.lastIndexOf('/', at < 0 ? undefined : at) ? colon : at < 0 ? image.length : at;
  };
  const name = live.slice(0, end(live));
  // where one of them says more of the same name than the other, both are told in full
  return name === desired.slice(0, end(desired)) ? name.length : 0;
}

/** That a tag differs is seen; that an image comes from elsewhere, or is pinned no more, is easily missed. */
function beyondTheTag({ registry, repository, digest }: ImageDifference): string {
  const pinned =
    digest && (digest.desired === null ? 'no longer pinned by a digest' : digest.live === null ? 'pinned by a digest' : 'another digest');
  const told = [registry && 'another registry', repository && 'another repository', pinned].filter(Boolean);
  return told.length ? `  (${told.join(', ')})` : '';
}

function block(path: string, sign: '+' | '-', value: string): Line[] {
  const tone: Tone = sign === '+' ? 'green' : 'red';
  if (value.length <= SHORT && !value.includes('\n')) return [[[tone, `  ${sign} ${path}: ${value}`]]];
  return [[[tone, `  ${sign} ${path}:`]], ...value.split('\n').map((line): Line => [[tone, `  ${sign}   ${line}`]])];
}

function changedLines(live: string, desired: string): Line[] {
  const options = { context: CONTEXT_LINES, maxEditLength: MOST_CHANGED_LINES };
  const patch = structuredPatch('', '', printable(live), printable(desired), '', '', options);
  if (!patch) return [[`      (more than ${MOST_CHANGED_LINES} lines differ)`]];
  return patch.hunks.flatMap(({ lines }) =>
    lines
      .filter((line) => !line.startsWith('\\'))
      .map((line): Line => {
        if (line.startsWith('+')) return [['green', `      ${line}`]];
        return line.startsWith('-') ? [['red', `      ${line}`]] : [`      ${line}`];
      }),
  );
}

function text(value: unknown): string {
  const json = JSON.stringify(value);
  return printable(json.length <= SHORT ? json : JSON.stringify(value, null, 2));
}
