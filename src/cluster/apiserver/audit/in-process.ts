// Requests of this process in the audit log: what the cluster's own components ask for, as if they had sent it.
import type { RequestAudit, ResourceRequest, ResourceResponse, WatchStream } from '../../../apimachinery/api-request.ts';
import { JsonSyntaxError, parseJson, plainValue } from '../../../apimachinery/json/parse.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import type { AuditedRequest, AuditLog, AuditRecord } from './audit-log.ts';

/** @param serve throws a StatusError where the request is refused */
export async function audited(
  log: AuditLog,
  auditID: string,
  request: ResourceRequest,
  serve: (request: ResourceRequest, audit?: RequestAudit) => Promise<ResourceResponse>,
): Promise<ResourceResponse> {
  const record = log.begin(asAudited(request, auditID));
  if (!record) return serve(request);
  try {
    return ended(record, await serve({ ...request, audit: record }, record));
  } catch (error) {
    if (!(error instanceof StatusError)) record.panicked(error);
    else {
      record.failed(error.status);
      record.complete();
    }
    throw error;
  }
}

function ended(record: AuditRecord, response: ResourceResponse): ResourceResponse {
  const code = 'code' in response ? response.code : response.is === 'upgrade' ? 101 : 200;
  if (record.longRunning) record.started(code);
  if (response.is !== 'watch') {
    record.complete(code);
    return response;
  }
  return { ...response, watch: followed(response.watch, () => record.complete(code)) };
}

function followed(watch: WatchStream, end: () => void): WatchStream {
  const next: WatchStream['next'] = async () => {
    const event = await watch.next();
    if (!event) end();
    return event;
  };
  return {
    next,
    poll: () => watch.poll(),
    cancel() {
      watch.cancel();
      end();
    },
    async *[Symbol.asyncIterator]() {
      for (let event = await next(); event; event = await next()) yield event;
    },
  };
}

function asAudited(request: ResourceRequest, auditID: string): AuditedRequest {
  const { user, verb, group, version, resource, subresource, namespace, name, userAgent } = request;
  const where = resource === 'namespaces' && group === '' ? name : namespace;
  const requestURI = uriOf(request);
  const [path = ''] = requestURI.split('?');
  const what = { verb, group, version, resource, subresource, namespace: where, name };
  return { ...what, user, isResourceRequest: true, path, auditID, requestURI, userAgent, sourceIPs: ['127.0.0.1'] };
}

/** As a client would have written it. */
function uriOf({ verb, group, version, resource, subresource, namespace, name, options }: ResourceRequest): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const path = [namespace && `/namespaces/${namespace}`, `/${resource}`, name && `/${name}`, subresource && `/${subresource}`];
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options) as [string, unknown][])
    for (const one of [value].flat()) if (one !== undefined && typeof one !== 'object') query.append(key, String(one));
  if (verb === 'watch') query.append('watch', 'true');
  const text = query.toString();
  return `${root}${path.join('')}${text ? `?${text}` : ''}`;
}

/** What a patch says; its text where it is no JSON. */
export function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return plainValue(parseJson(text).value);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return text;
    throw error;
  }
}
