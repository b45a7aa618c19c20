// When a value of one type may stand for another, type parameters reckoned in. Follows checker/types.go of cel-go.
import { type CelType, DYN, sameType } from './cel-type.ts';

/** What type parameters stand for, by their names. */
export type Mapping = Map<string, CelType>;

const isDyn = ({ kind }: CelType): boolean => kind === 'dyn';
export const isDynOrError = ({ kind }: CelType): boolean => kind === 'dyn' || kind === 'error';

/** On success the mapping has what was found out; otherwise it is as it was. */
export function assignable(mapping: Mapping, pairs: readonly (readonly [CelType, CelType])[]): Mapping | undefined {
  const copy = new Map(mapping);
  return pairs.every(([a, b]) => internalAssignable(copy, a, b)) ? copy : undefined;
}

function internalAssignable(m: Mapping, a: CelType, b: CelType): boolean {
  if (b.kind === 'param') {
    const { valid, known } = substitution(m, a, b);
    if (valid) return true;
    if (known) return false;
  }
  if (a.kind === 'param') return substitution(m, b, a).valid;
  if (isDynOrError(a) || isDynOrError(b)) return true;
  if (a.kind === 'null') return b.kind === 'null' || isNullable(b);
  if (b.kind === 'null') return isNullable(a);
  switch (a.kind) {
    case 'type':
      return b.kind === 'type';
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.kind === b.kind &&
        a.name === b.name &&
        a.params.length === b.params.length &&
        a.params.every((p, i) => internalAssignable(m, p, b.params[i]!))
      );
    default:
      return sameType(a, b);
  }
}

const isNullable = ({ kind }: CelType): boolean => ['opaque', 'struct', 'duration', 'timestamp'].includes(kind);

function substitution(m: Mapping, type: CelType, param: CelType): { readonly valid: boolean; readonly known: boolean } {
  if (sameType(type, param)) return { valid: true, known: true };
  const known = m.get(param.name);
  if (known) {
    if (sameType(type, known)) return { valid: true, known: true };
    if (!internalAssignable(m, type, known)) return { valid: false, known: true };
    const general = mostGeneral(type, known);
    if (!refersTo(m, param, general)) m.set(param.name, general);
    return { valid: true, known: true };
  }
  if (refersTo(m, param, type)) return { valid: false, known: false };
  m.set(param.name, type);
  return { valid: true, known: false };
}

/** Whether the parameter is part of the type, which then cannot stand for it. */
function refersTo(m: Mapping, param: CelType, type: CelType): boolean {
  if (sameType(param, type)) return true;
  if (type.kind === 'param') {
    const found = m.get(type.name);
    return found !== undefined && refersTo(m, param, found);
  }
  return type.params.some((p) => refersTo(m, param, p));
}

export const mostGeneral = (a: CelType, b: CelType): CelType => (isLessSpecific(a, b) ? a : b);

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (['opaque', 'list', 'map'].includes(a.kind))
    return a.name === b.name && a.params.length === b.params.length && a.params.every((p, i) => isLessSpecific(p, b.params[i]!));
  return sameType(a, b);
}

/** @param freeIsDyn parameters that stand for nothing become dyn */
export function substitute(m: Mapping, type: CelType, freeIsDyn: boolean): CelType {
  if (type.kind === 'param') {
    const found = m.get(type.name);
    if (found) return substitute(m, found, freeIsDyn);
    return freeIsDyn ? DYN : type;
  }
  if (type.params.length === 0) return type;
  return { ...type, params: type.params.map((p) => substitute(m, p, freeIsDyn)) };
}
