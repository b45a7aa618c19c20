// Content types: which form of answer a client wants, and in which form it sends. Follows endpoints/handlers/negotiation of
// k8s.io/apiserver.
import { notAcceptable } from '../../../apimachinery/status-error.ts';

export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

export const SUPPORTED: readonly MediaType[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

export interface Accepted {
  readonly mediaType: MediaType;
  /** `as=Table;v=v1;g=meta.k8s.io`: another kind than the object's own. */
  readonly convert: { readonly kind: string; readonly version: string; readonly group: string } | undefined;
  readonly pretty: boolean;
  /** `stream=watch` */
  readonly stream: string | undefined;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Throws a StatusError (406) where nothing that is accepted can be had. */
export function negotiate(
  accept: string | undefined,
  convertible: (kind: string, version: string, group: string) => boolean = () => false,
  supported = SUPPORTED,
): Accepted {
  const clauses = accept === undefined || accept.trim() === '' ? [] : parseAccept(accept);
  if (clauses.length === 0 && (accept ?? '').trim() === '')
    return { mediaType: 'application/json', convert: undefined, pretty: false, stream: undefined };
  for (const clause of clauses) {
    const mediaType = supported.find((s) => {
      const [type, subtype] = s.split('/');
      return (
        (clause.type === '*' && clause.subtype === '*') || (clause.type === type && (clause.subtype === subtype || clause.subtype === '*'))
      );
    });
    if (!mediaType) continue;
    // `application/*` is not enough for Kubernetes
    if (clause.subtype === '*' && clause.type !== '*') continue;
    const { as, v = '', g = '', pretty, stream } = clause.parameters;
    if (as !== undefined && !convertible(as, v, g)) continue;
    return { mediaType, convert: as === undefined ? undefined : { kind: as, version: v, group: g }, pretty: pretty === '1', stream };
  }
  throw notAcceptable(`only the following media types are accepted: ${supported.join(', ')}`);
}

/** Best quality first; of equal ones the earlier. */
function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(',')) {
    const [range = '', ...rest] = part.split(';').map((p) => p.trim());
    const [type = '', subtype = ''] = range.split('/');
    const parameters: Record<string, string> = {};
    for (const parameter of rest) {
      const [name = '', value = ''] = parameter.split('=');
      parameters[name.trim()] = value.trim();
    }
    const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
    clauses.push({
      type: range === '*' ? '*' : type,
      subtype: range === '*' ? '*' : subtype,
      quality: Number.isNaN(quality) ? 1 : quality,
      parameters,
    });
  }
  const specific = (c: Clause): number => (c.type === '*' ? 0 : c.subtype === '*' ? 1 : 2);
  return clauses.sort((a, b) => b.quality - a.quality || specific(b) - specific(a));
}

/** The type of a body without its parameters. */
export const contentTypeOf = (header: string | undefined): string => (header ?? '').split(';')[0]!.trim().toLowerCase();
