// The log of a container: its options are checked here, the lines come from the pod's kubelet. Follows LogREST of
// pkg/registry/core/pod/rest and ValidatePodLogOptions.
import type { Pod } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { LogOptions } from '../../../apimachinery/node-api.ts';
import { badRequest, invalidError } from '../../../apimachinery/status-error.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { forbidden, invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { RequestContext } from '../generic/context.ts';
import { isTrue } from '../http/request-info.ts';
import type { SubresourceServer } from '../generic/resource-definition.ts';
import { checkNode, containerOf } from './location.ts';
import { noNodes } from './no-nodes.ts';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

export async function serveLog(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const { name, namespace, query = new URLSearchParams() } = context.request;
  const asked = readOptions(query, context.now, name);
  const { value } = await server.objects(context.served.definition).get(namespace, name);
  const pod = value as unknown as Pod;
  const options = { ...asked, container: containerOf(pod, asked.container) };
  // a pod that is on no node yet has said nothing
  if (!pod.spec.nodeName) return { is: 'text', code: 204, text: '', warnings: context.warnings };
  await checkNode(pod, server);
  return { is: 'stream', stream: (server.nodes ?? noNodes).logs(pod, options), warnings: context.warnings };
}

function readOptions(query: URLSearchParams, nowMs: number, name: string): LogOptions {
  const errors: FieldError[] = [];
  const flag = (key: string): boolean => isTrue(query.get(key));
  const number = (key: string, least: number, words: string): number | undefined => {
    const text = query.get(key);
    if (text === null || text === '') return undefined;
    if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    const value = Number(text);
    if (value < least) errors.push(invalid(Path.of(key), value, words));
    return value;
  };
  const tailLines = number('tailLines', 0, 'must be greater than or equal to 0');
  const limitBytes = number('limitBytes', 1, 'must be greater than 0');
  const sinceSeconds = number('sinceSeconds', 1, 'must be greater than 0');
  const sinceTime = query.get('sinceTime') ?? '';
  if (sinceTime && sinceSeconds !== undefined)
    errors.push(forbidden(Path.of(''), 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  if (sinceTime && !RFC3339.test(sinceTime)) throw badRequest(`parsing time ${JSON.stringify(sinceTime)} as "2006-01-02T15:04:05Z07:00"`);
  if (errors.length) throw invalidError({ group: '', kind: 'PodLogOptions' }, name, errors);
  const sinceMs = sinceSeconds === undefined ? (sinceTime ? timeMs(sinceTime) : undefined) : nowMs - sinceSeconds * 1000;
  return {
    container: query.get('container') ?? '',
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}
