// What mutating and validating webhooks have in common: which requests they are asked about, what they are asked, and what an answer must
// be. Follows pkg/admission/plugin/webhook of k8s.io/apiserver.
import type { MatchCondition, MutatingWebhook, ValidatingWebhook } from '#api/admissionregistration/v1';
import type { Status } from '#api/meta/v1';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { Random } from '../../../../apimachinery/random.ts';
import { badRequest, internalServerError, StatusError } from '../../../../apimachinery/status-error.ts';
import type { Store } from '../../../storage/store.ts';
import { type AdmissionAttributes, type AdmissionServer, refusal } from '../admission.ts';
import { admissionRequest } from '../policy/admission-request.ts';
import { conditionsMatch, Evaluation, type NamedCondition, readyExpression, withAuthorizer } from '../policy/evaluation.ts';
import { type Match, Matcher, selectsObject } from '../policy/match.ts';
import { BOOLEAN, policyEnvironment } from '../../../../apimachinery/cel/policy-environment.ts';
import { StoredKind } from '../policy/policy-source.ts';
import { versioned } from '../policy/versioned.ts';
import type { WebhookCaller } from './webhook-caller.ts';

export type Webhook = MutatingWebhook | ValidatingWebhook;

interface Configuration<W extends Webhook> {
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly W[];
}

/** A webhook of a configuration. */
export interface Hook<W extends Webhook> {
  readonly webhook: W;
  /** Tells it from all others. */
  readonly key: string;
  readonly conditions: readonly NamedCondition[];
}

export interface Answer {
  readonly patch: readonly JsonObject[];
}

/** The webhook could not be asked, or did not answer as it should: the failure policy says what that means. */
export class CallError extends Error {
  constructor({ name }: Webhook, why: string) {
    super(`failed calling webhook ${JSON.stringify(name)}: ${why}`);
  }
}

/** All webhooks of one kind of configuration, in order of the names of these. */
export class Hooks<W extends Webhook> {
  private readonly configurations: StoredKind<Configuration<W>>;
  private known: readonly Hook<W>[] | undefined;

  /** @param resource `mutatingwebhookconfigurations` */
  constructor(store: Store, resource: string) {
    this.configurations = new StoredKind(store, `/registry/${resource}/`, () => (this.known = undefined));
  }

  /** Undefined where nothing needs to be waited for. */
  ready(): Promise<void> | undefined {
    return this.configurations.ready();
  }

  all(): readonly Hook<W>[] {
    return (this.known ??= this.configurations
      .all()
      .flatMap(({ metadata: { name }, webhooks = [] }) =>
        webhooks.map((webhook, i) => ({ webhook, key: `${name}/${webhook.name}/${i}`, conditions: compile(webhook.matchConditions) })),
      ));
  }
}

function compile(conditions: readonly MatchCondition[] = []): readonly NamedCondition[] {
  if (conditions.length === 0) return [];
  const environment = policyEnvironment({ params: false, authorizer: true });
  return conditions.map(({ name, expression }) => ({ name, expression: readyExpression(expression, environment, BOOLEAN) }));
}

/** What webhooks need of the world. */
export interface WebhookContext {
  readonly store: Store;
  readonly random: Random;
  readonly caller: WebhookCaller;
}

/** The webhooks' side of one request. */
export class Dispatch {
  private readonly context: WebhookContext;
  private readonly server: AdmissionServer;
  private readonly attributes: AdmissionAttributes;
  private readonly matcher: Matcher;

  constructor(context: WebhookContext, server: AdmissionServer, attributes: AdmissionAttributes) {
    this.context = context;
    this.server = server;
    this.attributes = attributes;
    this.matcher = new Matcher(context.store, server.catalog);
  }

  /** Undefined where the webhook is not to be asked. Throws where that cannot be told. */
  async matches({ webhook, conditions }: Hook<Webhook>): Promise<Match | undefined> {
    const { attributes, matcher } = this;
    if (!selectsObject(webhook.objectSelector, attributes)) return undefined;
    const match = matcher.byRules(attributes, webhook.rules ?? [], webhook.matchPolicy);
    if (!match || !(await this.context.caller.reaches(webhook.clientConfig))) return undefined;
    if (!(await matcher.selectsNamespace(webhook.namespaceSelector, attributes))) return undefined;
    if (conditions.length === 0) return match;
    const { object, old } = versioned(this.server, attributes, match);
    const request = admissionRequest(attributes, match);
    const matches = await withAuthorizer(this.server.authorizer, attributes, (authorize) =>
      conditionsMatch(conditions, new Evaluation({ object, old, attributes, request, authorize }), webhook.failurePolicy),
    );
    if (matches instanceof Error) throw refusal(attributes, matches.message);
    return matches ? match : undefined;
  }

  /** Throws a {@link CallError}, or the StatusError that the webhook asks for. */
  async ask({ webhook }: Hook<Webhook>, match: Match, mutating: boolean): Promise<Answer> {
    const { attributes } = this;
    if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun')
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    // DEVIATION: webhooks that know v1beta1 alone are not asked, those that prefer it are asked in v1
    if (!webhook.admissionReviewVersions.includes('v1'))
      throw new CallError(webhook, 'could not create admission objects: webhook does not accept known AdmissionReview versions (v1)');
    const uid = this.context.random.uuid();
    const review = await this.call(webhook, this.review(uid, match));
    const response = verified(review, uid, mutating, webhook);
    for (const [key, value] of Object.entries((response['auditAnnotations'] as Record<string, string> | undefined) ?? {}))
      attributes.annotate?.(`${webhook.name}/${key}`, value);
    for (const warning of (response['warnings'] as readonly string[] | undefined) ?? []) attributes.warn(warning);
    if (response['allowed'] !== true) throw rejection(webhook, response['status'] as Partial<Status> | undefined);
    return { patch: patchOf(response, webhook) };
  }

  private review(uid: string, match: Match): JsonObject {
    const { object, old } = versioned(this.server, this.attributes, match);
    const request = admissionRequest(this.attributes, match);
    const options = request['options'] as JsonObject;
    return {
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid,
        ...request,
        object: object ?? null,
        oldObject: old ?? null,
        options: Object.keys(options).length > 0 ? options : null,
      },
    };
  }

  private async call(webhook: Webhook, body: JsonObject): Promise<JsonObject> {
    try {
      return await this.context.caller.call({ config: webhook.clientConfig, body, timeoutSeconds: webhook.timeoutSeconds ?? 10 });
    } catch (error) {
      throw new CallError(webhook, `failed to call webhook: ${(error as Error).message}`);
    }
  }
}

const V1 = 'admission.k8s.io/v1, Kind=AdmissionReview';

function verified(review: JsonObject, uid: string, mutating: boolean, webhook: Webhook): JsonObject {
  const refuse = (why: string): CallError => new CallError(webhook, `received invalid webhook response: ${why}`);
  const response = review['response'] as JsonObject | undefined | null;
  if (!response) throw refuse('webhook response was absent');
  const given = (response['uid'] as string | undefined) ?? '';
  if (given !== uid) throw refuse(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(given)}`);
  const kind = `${(review['apiVersion'] as string | undefined) ?? ''}, Kind=${(review['kind'] as string | undefined) ?? ''}`;
  if (kind !== V1) throw refuse(`expected webhook response of ${V1}, got ${kind}`);
  const patch = Boolean(response['patch']);
  const type = response['patchType'] as string | undefined | null;
  if (!mutating) {
    if (patch) throw refuse('validating webhook may not return response.patch');
    if (type !== undefined && type !== null) throw refuse('validating webhook may not return response.patchType');
    return response;
  }
  const typed = type !== undefined && type !== null;
  if (patch && !typed) throw refuse('webhook returned response.patch but not response.patchType');
  if (!patch && typed) throw refuse('webhook returned response.patchType but not response.patch');
  if (type === '') throw refuse('webhook returned invalid response.patchType of ""');
  return response;
}

function patchOf(response: JsonObject, webhook: Webhook): readonly JsonObject[] {
  const encoded = response['patch'] as string | undefined;
  if (!encoded) return [];
  let patch: unknown;
  try {
    patch = JSON.parse(Buffer.from(encoded, 'base64').toString());
  } catch (error) {
    throw new CallError(webhook, `received undecodable patch in webhook response: ${(error as Error).message}`);
  }
  if (!Array.isArray(patch)) throw new CallError(webhook, 'received undecodable patch in webhook response: it is no list');
  const type = response['patchType'] as string;
  if (patch.length > 0 && type !== 'JSONPatch') throw new CallError(webhook, `unsupported patch type ${JSON.stringify(type)}`);
  return patch as readonly JsonObject[];
}

function rejection({ name }: Webhook, status: Partial<Status> = {}): StatusError {
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { code = 0, message = '', reason = '' } = status;
  const why = message || reason;
  return new StatusError({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code: Math.max(code, 400),
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
  } as Status);
}

/** What a failed call means for the request: nothing where the webhook says so, else its end. */
export function afterFailure(error: unknown, { failurePolicy }: Webhook): void {
  if (!(error instanceof CallError)) throw error;
  if (failurePolicy !== 'Ignore') throw internalServerError(error.message);
}
