// One HTTP request's way through the audit log: begun when its sender is known, ended when its answer is.
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { header, type HttpRequest, type HttpResponse } from '../http/http-message.ts';
import type { Watchers } from '../http/identify.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { AuditedRequest, AuditLog, AuditRecord } from './audit-log.ts';

const NOBODY: UserInfo = { username: '', groups: [] };

export class HttpAudit implements Watchers {
  /** Undefined where nothing is told of the request, or nobody is known to have sent it. */
  record: AuditRecord | undefined;
  private readonly log: AuditLog;
  private readonly auditID: string;
  private readonly request: HttpRequest;
  private readonly info: RequestInfo;

  constructor(log: AuditLog, auditID: string, request: HttpRequest, info: RequestInfo) {
    this.log = log;
    this.auditID = auditID;
    this.request = request;
    this.info = info;
  }

  authenticated(user: UserInfo): AuditRecord | undefined {
    return (this.record = this.log.begin(this.audited(user)));
  }

  unauthenticated(): void {
    const [scheme = ''] = (header(this.request, 'authorization') ?? '').split(' ');
    this.log.unauthenticated(this.audited(NOBODY), scheme.toLowerCase() || 'no auth');
  }

  private audited(user: UserInfo): AuditedRequest {
    const { request, auditID } = this;
    const { isResourceRequest, path, verb, group, version, resource, subresource, namespace, name } = this.info;
    const what = { isResourceRequest, path, verb, group, version, resource, subresource, namespace, name };
    return {
      ...what,
      user,
      auditID,
      requestURI: request.url,
      userAgent: header(request, 'user-agent') ?? '',
      sourceIPs: sourceIPs(request),
    };
  }

  /** The same answer, whose end is told: at once, or when a stream or a connection ends. */
  answered(response: HttpResponse): HttpResponse {
    const { record } = this;
    if (!record) return response;
    const { body, code, upgrade } = response;
    if (record.longRunning) record.started(code);
    if (upgrade) return { ...response, ended: () => record.complete() };
    if (typeof body === 'string' || body instanceof Uint8Array) {
      record.complete(code);
      return response;
    }
    const next = async (): Promise<string | Uint8Array | undefined> => {
      const chunk = await body.next();
      if (chunk === undefined) record.complete(code);
      return chunk;
    };
    const cancel = (): void => {
      body.cancel();
      record.complete(code);
    };
    return { ...response, body: { next, cancel } };
  }
}

/** What proxies on the way say, and at last who is connected. */
function sourceIPs(request: HttpRequest): readonly string[] {
  const said = [header(request, 'x-forwarded-for') ?? '', header(request, 'x-real-ip') ?? ''];
  const ips = said.flatMap((text) => text.split(',').map((ip) => ip.trim())).filter(Boolean);
  const { remoteAddress } = request;
  if (remoteAddress && ips.at(-1) !== remoteAddress) ips.push(remoteAddress);
  return ips;
}
