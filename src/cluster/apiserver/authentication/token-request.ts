// The subresource `serviceaccounts/token`: a token for an account, for certain audiences and a certain time, bound to an object if the
// request says so. Follows pkg/registry/core/serviceaccount/storage/token.go.
import type { BoundObjectReference, TokenRequest } from '#api/authentication/v1';
import type { Pod } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import { splitApiVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { badRequest, conflict, invalidError } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { RequestContext } from '../generic/context.ts';
import type { Draft, SubresourceServer } from '../generic/resource-definition.ts';
import type { Named, ServiceAccountTokens, TokenSubject } from './service-account-tokens.ts';

const GROUP = 'authentication.k8s.io';
const DEFAULT_SECONDS = 60 * 60;
const MIN_SECONDS = 10 * 60;
const MAX_SECONDS = 2 ** 32;

/** What pods ask for whose clients may not know how to reload: they get a year, and whoever uses it longer than this is told of. */
const INJECTED_SECONDS = 60 * 60 + 7;
const EXTENDED_SECONDS = 365 * 24 * 60 * 60;

export async function serveTokenRequest(
  context: RequestContext,
  server: SubresourceServer,
  tokens: ServiceAccountTokens,
): Promise<ResourceResponse> {
  const { name, namespace } = context.request;
  const request = server.decodeBody(context, structType('authentication/v1.TokenRequest')) as JsonObject & TokenRequest;
  const account = (await server.objects(context.served.definition).get(namespace, name)).value;
  const spec = { ...request.spec, expirationSeconds: request.spec?.expirationSeconds ?? DEFAULT_SECONDS };
  const metadata = { ...request.metadata, name, namespace };
  await server.admitCreate(context, { ...request, metadata, spec } as unknown as Draft);
  const errors = validateSeconds(spec.expirationSeconds);
  if (errors.length) throw invalidError({ group: GROUP, kind: 'TokenRequest' }, '', errors);
  const bound = spec.boundObjectRef ? await boundTo(spec.boundObjectRef, context, server) : {};
  const audiences = spec.audiences?.length ? spec.audiences : tokens.audiences;
  const object = {
    kind: 'TokenRequest',
    apiVersion: `${GROUP}/v1`,
    metadata: { name, namespace, creationTimestamp: formatTime(context.now) },
    spec: { ...spec, audiences, boundObjectRef: spec.boundObjectRef ?? null },
  };
  const { expirationSeconds } = spec;
  const extended = expirationSeconds === INJECTED_SECONDS && 'pod' in bound && audiences.every((one) => tokens.audiences.includes(one));
  const subject: TokenSubject = { namespace, serviceAccount: namedAs(account), ...bound };
  const token = await (extended
    ? tokens.issue(subject, audiences, EXTENDED_SECONDS, expirationSeconds)
    : tokens.issue(subject, audiences, expirationSeconds));
  const expirationTimestamp = formatTime(context.now + expirationSeconds * 1000);
  const answer = { ...object, status: { token: context.dryRun ? '' : token, expirationTimestamp } };
  return { is: 'object', code: 201, object: answer, warnings: context.warnings };
}

function validateSeconds(seconds: number): FieldError[] {
  const field = Path.of('spec', 'expirationSeconds');
  if (seconds < MIN_SECONDS) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > MAX_SECONDS) return [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

const namedAs = ({ metadata: { name, uid } }: KubernetesObject): Named => ({ name, uid });

async function boundTo(
  ref: BoundObjectReference,
  context: RequestContext,
  server: SubresourceServer,
): Promise<Partial<Pick<TokenSubject, 'pod' | 'node' | 'secret'>>> {
  const { apiVersion = '', kind = '', name = '' } = ref;
  const { group, version } = splitApiVersion(apiVersion);
  const { namespace } = context.request;
  const read = async (resource: string, where: string): Promise<KubernetesObject> => {
    const served = server.catalog.find('', 'v1', resource);
    if (!served) throw new Error(`the server has no ${resource}`);
    const { value } = await server.objects(served.definition).get(where, name);
    if (ref.uid && ref.uid !== value.metadata.uid) {
      const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict({ group: '', resource: kind }, name, why);
    }
    return value;
  };
  if (group === '' && kind === 'Pod') {
    const pod = (await read('pods', namespace)) as unknown as Pod & KubernetesObject;
    if (pod.spec.serviceAccountName !== context.request.name)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(context.request.name)} to pod running with different serviceaccount name.`,
      );
    const node = pod.spec.nodeName ? await nodeOfPod(pod.spec.nodeName, server) : undefined;
    return { pod: namedAs(pod), ...(node ? { node } : {}) };
  }
  if (group === '' && kind === 'Node') return { node: namedAs(await read('nodes', '')) };
  if (group === '' && kind === 'Secret') return { secret: namedAs(await read('secrets', namespace)) };
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
}

/** Where the node is gone, the token names it all the same. */
async function nodeOfPod(name: string, server: SubresourceServer): Promise<Named> {
  const served = server.catalog.find('', 'v1', 'nodes');
  const entry = served && (await server.objects(served.definition).find('', name));
  return { name, uid: entry?.value.metadata.uid ?? '' };
}
