// Content types: which form of answer a client wants, and in which form it sends. Follows endpoints/handlers/negotiation of
// k8s.io/apiserver, and the choice of a route by what it produces, which comes before (go-restful).
import { notAcceptable } from '../../../apimachinery/status-error.ts';
import { header, type HttpRequest } from './http-message.ts';

export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

export const SUPPORTED: readonly MediaType[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** What a watch can be sent in. */
const STREAMED: readonly MediaType[] = ['application/json', 'application/vnd.kubernetes.protobuf'];
const streamType = (type: MediaType): string => `${type};stream=watch`;

export interface Accepted {
  readonly mediaType: MediaType;
  /** `as=Table;v=v1;g=meta.k8s.io`: another kind than the object's own. */
  readonly convert: { readonly kind: string; readonly version: string; readonly group: string } | undefined;
  readonly pretty: boolean;
}

/** Whether a form can be had at all. */
export type Convertible = (kind: string, version: string, group: string, mediaType: MediaType) => boolean;

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: Readonly<Record<string, string>>;
}

const nothing: Convertible = () => false;

/** Throws a StatusError (406) where nothing that is accepted can be had. */
export function negotiate(request: Pick<HttpRequest, 'headers' | 'url'>, convertible: Convertible = nothing): Accepted {
  const accepted = choose(header(request, 'accept'), convertible);
  if (!accepted) throw notAcceptable(`only the following media types are accepted: ${SUPPORTED.join(', ')}`);
  return accepted.pretty || !isForPeople(request) ? accepted : { ...accepted, pretty: true };
}

/** Of a watch. */
export function negotiateStream(request: Pick<HttpRequest, 'headers' | 'url'>, convertible: Convertible): Accepted {
  const accepted = choose(header(request, 'accept'), convertible);
  if (!accepted || !STREAMED.includes(accepted.mediaType))
    throw notAcceptable(`only the following media types are accepted: ${STREAMED.map(streamType).join(', ')}`);
  return accepted;
}

/** An error is told in the form in which the answer would have come, or else in JSON. */
export const negotiateError = (request: Pick<HttpRequest, 'headers' | 'url'>): Accepted => ({
  ...(choose(header(request, 'accept'), () => true) ?? JSON_AS_IT_IS),
  pretty: isForPeople(request),
});

const JSON_AS_IT_IS: Accepted = { mediaType: 'application/json', convert: undefined, pretty: false };

function choose(accept: string | undefined, convertible: Convertible): Accepted | undefined {
  if ((accept ?? '').trim() === '') return JSON_AS_IT_IS;
  for (const clause of parseAccept(accept!)) {
    const mediaType = SUPPORTED.find((s) => {
      const [type, subtype] = s.split('/');
      return (
        (clause.type === '*' && clause.subtype === '*') || (clause.type === type && (clause.subtype === subtype || clause.subtype === '*'))
      );
    });
    if (!mediaType) continue;
    const { as, v = '', g = '', pretty } = clause.parameters;
    if (as !== undefined && !convertible(as, v, g, mediaType)) continue;
    return { mediaType, convert: as === undefined ? undefined : { kind: as, version: v, group: g }, pretty: pretty === '1' };
  }
  return undefined;
}

/** Best quality first; of equal ones the earlier. */
function parseAccept(accept: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of accept.split(',')) {
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

/**
 * Throws a StatusError (406) where a route of built-in resources produces nothing that is accepted. `application/*` is not enough for it.
 * @param streams whether the route also watches
 */
export function checkRoute(request: Pick<HttpRequest, 'headers'>, streams: boolean, more: readonly string[] = []): void {
  checkProduced(request, [...more, ...SUPPORTED, ...(streams ? STREAMED.map(streamType) : [])]);
}

/** Throws a StatusError (406) where a route produces nothing that is accepted. */
export function checkProduced(request: Pick<HttpRequest, 'headers'>, produced: readonly string[]): void {
  const accept = header(request, 'accept') ?? '';
  if (accept === '') return;
  const wanted = accept.split(',').map((part) => part.split(';')[0]!.trim());
  if (wanted.some((type) => type === '*/*' || produced.includes(type))) return;
  throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${produced.join(', ')}`);
}

/** Whether JSON is indented: when asked for, and for browsers and the like. */
function isForPeople(request: Pick<HttpRequest, 'headers' | 'url'>): boolean {
  const at = request.url.indexOf('?');
  const pretty = at < 0 || !request.url.includes('pretty') ? null : new URLSearchParams(request.url.slice(at + 1)).get('pretty');
  if (pretty && /^(?:1|t|T|TRUE|true|True)$/.test(pretty)) return true;
  if (pretty && /^(?:0|f|F|FALSE|false|False)$/.test(pretty)) return false;
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(header(request, 'user-agent') ?? '');
}

/** The type of a body without its parameters. */
export const contentTypeOf = (value: string | undefined): string => (value ?? '').split(';')[0]!.trim().toLowerCase();
