// How Go prints a whole value with its types (spew's %#v): Kubernetes hashes pod templates in this form, and so must we to give
// ReplicaSets and pods the very names that Kubernetes gives them.
import { parseQuantity, type Quantity } from '../quantity.ts';
import type { GoType, OpaqueType } from '../schema/go-type.ts';
import { goFloat } from '../go-text.ts';
import { timeMs } from '../time.ts';
import type { JsonObject } from '../object.ts';

/** @param value an object in canonical form */
export function goDump(type: GoType, value: unknown): string {
  const out: string[] = [];
  dump(type, value, true, out);
  return out.join('');
}

/** @param showType as spew decides: elements of lists and maps, and what pointers point to, do not repeat their type */
function dump(type: GoType, value: unknown, showType: boolean, out: string[]): void {
  if (type.is === 'pointer') {
    if (value === undefined || value === null) out.push(showType ? `(${type.goName})<nil>` : '<nil>');
    else {
      out.push(`(${showType ? type.goName : ''})`);
      dump(type.elem, value, false, out);
    }
    return;
  }
  if (showType) out.push(`(${type.goName})`);
  switch (type.is) {
    case 'struct': {
      const object = (value ?? {}) as JsonObject;
      out.push('{');
      type.declared.forEach((field, i) => {
        out.push(i ? ' ' : '', field.go, ':');
        // an inlined struct takes its fields from the same object
        dump(field.type, field.json === '' ? object : object[field.json], true, out);
      });
      out.push('}');
      return;
    }
    case 'slice': {
      if (!Array.isArray(value) || value.length === 0) {
        out.push('<nil>');
        return;
      }
      out.push('[');
      value.forEach((element, i) => {
        if (i) out.push(' ');
        dump(type.elem, element, false, out);
      });
      out.push(']');
      return;
    }
    case 'map': {
      const keys = Object.keys((value ?? {}) as JsonObject).sort();
      if (keys.length === 0) {
        out.push('<nil>');
        return;
      }
      out.push('map[');
      keys.forEach((key, i) => {
        out.push(i ? ' ' : '', key, ':');
        dump(type.elem, (value as JsonObject)[key], false, out);
      });
      out.push(']');
      return;
    }
    case 'scalar':
      out.push(scalar(type.base, value));
      return;
    case 'opaque':
      out.push(opaque(type, value));
  }
}

function scalar(base: string, value: unknown): string {
  if (base === 'string') return typeof value === 'string' ? value : '';
  if (base === 'bool') return value === true ? 'true' : 'false';
  if (base === 'float64') return goFloat(typeof value === 'number' ? value : 0);
  if (base === 'bytes') return value ? `[${[...Buffer.from(value as string, 'base64')].join(' ')}]` : '<nil>';
  if (base === 'interface') return value === undefined || value === null ? '<nil>' : JSON.stringify(value);
  return value === undefined || value === null ? '0' : String(value as number);
}

function opaque(type: OpaqueType, value: unknown): string {
  switch (type.name) {
    case 'Quantity':
      return quantity(typeof value === 'string' ? parseQuantity(value) : undefined);
    case 'IntOrString':
      return typeof value === 'string'
        ? `{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`
        : `{Type:(intstr.Type)0 IntVal:(int32)${Number(value ?? 0)} StrVal:(string)}`;
    case 'Time':
    case 'MicroTime':
      return time(typeof value === 'string' ? value : undefined);
    default:
      return value === undefined || value === null ? '{}' : JSON.stringify(value);
  }
}

/** The insides of resource.Quantity: an int64 with a scale, and the text if it was canonical when it was read. */
function quantity(q: Quantity | undefined): string {
  if (!q)
    return '{i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string) Format:(resource.Format)}';
  return `{i:(resource.int64Amount){value:(int64)${q.unscaled} scale:(resource.Scale)${q.exponent}} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${q.kept ? q.text : ''} Format:(resource.Format)${q.format}}`;
}

/** Seconds from the year 1 to 1970. */
const UNIX_TO_INTERNAL = 62135596800;

function time(text: string | undefined): string {
  const ext = text ? Math.floor(timeMs(text) / 1000) + UNIX_TO_INTERNAL : 0;
  return `{Time:(time.Time){wall:(uint64)0 ext:(int64)${ext} loc:(*time.Location)<nil>}}`;
}
