// Webhooks that may refuse requests: all that a request is for are asked at once. Follows
// pkg/admission/plugin/webhook/validating of k8s.io/apiserver.
import type { ValidatingWebhook } from '#api/admissionregistration/v1';
import type { AdmissionAttributes, AdmissionPlugin, AdmissionServer } from '../admission.ts';
import { isExempt } from '../policy/match.ts';
import { afterFailure, Dispatch, Hooks, type WebhookContext } from './webhook.ts';

export function validatingAdmissionWebhook(context: WebhookContext): AdmissionPlugin {
  const hooks = new Hooks<ValidatingWebhook>(context.store, 'validatingwebhookconfigurations');
  let server: AdmissionServer | undefined;
  const run = async (attributes: AdmissionAttributes): Promise<void> => {
    if (hooks.all().length === 0 || isExempt(attributes)) return;
    const dispatch = new Dispatch(context, server!, attributes);
    const calls: (() => Promise<unknown>)[] = [];
    for (const hook of hooks.all()) {
      const match = await dispatch.matches(hook);
      if (!match) continue;
      const round = `round_0_index_${calls.length}`;
      calls.push(() =>
        dispatch.ask(hook, match, false).catch((error: unknown) => {
          afterFailure(error, hook.webhook);
          attributes.annotate?.(`failed-open.validating.webhook.admission.k8s.io/${round}`, hook.webhook.name);
        }),
      );
    }
    const results = await Promise.allSettled(calls.map((call) => call()));
    const refused = results.find((result) => result.status === 'rejected');
    if (refused) throw refused.reason;
  };
  return {
    name: 'ValidatingAdmissionWebhook',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    connect(to) {
      server = to;
    },
    validate(attributes) {
      const pending = hooks.ready();
      if (pending) return pending.then(() => run(attributes));
      return hooks.all().length > 0 ? run(attributes) : undefined;
    },
  };
}
