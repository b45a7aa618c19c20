// Which paths and methods a resource has. Kubernetes registers a route for each; what has none is refused before anything else is looked
// at. Custom resources have a handler of their own, which is less strict.
import { badRequest, statusError, type StatusError } from '../../../apimachinery/status-error.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { Served } from '../generic/catalog.ts';
import type { RequestInfo } from './request-info.ts';

export const noSuchResource = (): StatusError =>
  statusError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });

export const methodNotAllowed = (): StatusError =>
  statusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });

/** Proxies take these too. */
const PASSED_ON = ['HEAD', 'OPTIONS'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Throws a StatusError where there is no such route. */
export function checkPath(info: RequestInfo, method: string, { definition, version }: Served): 'found' | 'plain not found' {
  const { name, verb } = info;
  if (version.custom) {
    if (!fitsScope(info, definition.namespaced)) return 'plain not found';
    if (!METHODS.includes(method)) throw methodNotAllowed();
    if (name === '' && (verb === 'update' || verb === 'patch')) throw badRequest('name must be provided');
  } else checkRoutes(info, method, definition);
  if (name === '.' || name === '..') throw badRequest(`Name parameter invalid: ${quote(name)}: may not be '${name}'`);
  if (name.includes('%')) throw badRequest(`Name parameter invalid: ${quote(name)}: may not contain '%'`);
  return 'found';
}

/** Custom resources are found only where they are: of a namespaced kind, at most lists go over all namespaces. */
function fitsScope({ namespace, name, verb }: RequestInfo, namespaced: boolean): boolean {
  if (!namespaced) return namespace === '';
  return namespace !== '' || (name === '' && (verb === 'list' || verb === 'watch'));
}

function checkRoutes(info: RequestInfo, method: string, { namespaced, subresources, verbs }: Served['definition']): void {
  const { name, namespace, subresource, verb, resource, group } = info;
  // the namespace of a namespace is itself
  const scoped = namespace !== '' && !(resource === 'namespaces' && group === '');
  if (!namespaced && scoped) throw noSuchResource();
  if (namespaced && !scoped) {
    if (info.emptyNamespace) throw badRequest('Namespace parameter required.');
    if (name !== '') throw noSuchResource();
  }
  if (subresource !== '' && !subresources[subresource]) throw noSuchResource();
  const connects = subresources[subresource]?.kind?.kind.endsWith('ProxyOptions') === true;
  if (!METHODS.includes(method) && !(connects && PASSED_ON.includes(method))) throw methodNotAllowed();
  if (subresource !== '') return;
  if (!(verbs as readonly string[]).includes(verb)) throw methodNotAllowed();
  // names stand in the path for some verbs, and must not for others
  if (verb === 'create' ? name !== '' : name === '' && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  // of all namespaces there are only lists
  if (namespaced && !scoped && (verb === 'create' || verb === 'deletecollection')) throw methodNotAllowed();
}
