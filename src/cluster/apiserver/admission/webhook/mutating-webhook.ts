// Webhooks that may change objects on their way in, asked one after the other; and once more where something has changed since and they want
// to know. Follows pkg/admission/plugin/webhook/mutating of k8s.io/apiserver.
import type { MutatingWebhook } from '#api/admissionregistration/v1';
import { DecodeError } from '../../../../apimachinery/codec/decode.ts';
import { deepEqual, type JsonObject } from '../../../../apimachinery/object.ts';
import { applyJsonPatch, JsonPatchError } from '../../../../apimachinery/patch/json-patch.ts';
import { internalServerError } from '../../../../apimachinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin, AdmissionServer } from '../admission.ts';
import { isExempt, type Match } from '../policy/match.ts';
import { replaceContent, versioned } from '../policy/versioned.ts';
import { afterFailure, Dispatch, type Hook, Hooks, type WebhookContext } from './webhook.ts';

/** What is remembered for the second time. */
interface Memory {
  /** Webhooks that want to see what others have changed since. */
  readonly invoked: Set<string>;
  reinvoke: Set<string>;
  last: JsonObject | undefined;
}

export function mutatingAdmissionWebhook(context: WebhookContext): AdmissionPlugin {
  const hooks = new Hooks<MutatingWebhook>(context.store, 'mutatingwebhookconfigurations');
  let server: AdmissionServer | undefined;
  const run = async (attributes: AdmissionAttributes): Promise<void> => {
    if (hooks.all().length === 0 || isExempt(attributes)) return;
    const { reinvocation, object } = attributes;
    const memory = (reinvocation.memory.get(hooks) as Memory | undefined) ?? { invoked: new Set(), reinvoke: new Set(), last: undefined };
    reinvocation.memory.set(hooks, memory);
    if (reinvocation.active && !deepEqual(memory.last, object)) memory.reinvoke = new Set(memory.invoked);
    const dispatch = new Dispatch(context, server!, attributes);
    for (const [i, hook] of hooks.all().entries()) {
      const match = await dispatch.matches(hook);
      if (!match || (reinvocation.active && !memory.reinvoke.delete(hook.key))) continue;
      const round = `${reinvocation.active ? 'round_1' : 'round_0'}_index_${i}`;
      if (await changes(dispatch, server!, attributes, hook, match, round)) {
        memory.reinvoke = new Set(memory.invoked);
        reinvocation.requested = true;
      }
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') memory.invoked.add(hook.key);
    }
    memory.last = object && { ...object };
  };
  return {
    name: 'MutatingAdmissionWebhook',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    connect(to) {
      server = to;
    },
    admit(attributes) {
      const pending = hooks.ready();
      if (pending) return pending.then(() => run(attributes));
      return hooks.all().length > 0 ? run(attributes) : undefined;
    },
  };
}

/** Whether the webhook has changed the object. */
async function changes(
  dispatch: Dispatch,
  server: AdmissionServer,
  attributes: AdmissionAttributes,
  hook: Hook<MutatingWebhook>,
  match: Match,
  round: string,
): Promise<boolean> {
  let patch: readonly JsonObject[];
  const told = (mutated: boolean): boolean => {
    const [configuration, webhook] = hook.key.split('/');
    attributes.annotate?.(`mutation.webhook.admission.k8s.io/${round}`, JSON.stringify({ configuration, webhook, mutated }));
    return mutated;
  };
  try {
    ({ patch } = await dispatch.ask(hook, match, true));
  } catch (error) {
    afterFailure(error, hook.webhook);
    attributes.annotate?.(`failed-open.mutation.webhook.admission.k8s.io/${round}`, hook.webhook.name);
    return told(false);
  }
  if (patch.length === 0) return told(false);
  const { object, served } = versioned(server, attributes, match);
  if (!object || !served)
    throw internalServerError(
      `admission webhook ${JSON.stringify(hook.webhook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  try {
    const changed = applyJsonPatch(object, patch) as JsonObject;
    if (deepEqual(changed, object)) return told(false);
    replaceContent(attributes.object!, changed, served);
    return told(true);
  } catch (error) {
    if (error instanceof JsonPatchError || error instanceof DecodeError) throw internalServerError(error.message);
    throw error;
  }
}
