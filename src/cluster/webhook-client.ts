// Calls the webhooks of a served cluster over HTTPS, and says in Go's words why one could not be called.
import { Agent, errors, request } from 'undici';
import { isObject, type JsonObject } from '../apimachinery/object.ts';
import type { WebhookCall, WebhookCaller } from './apiserver/admission/webhook/webhook-caller.ts';

const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** DEVIATION: behind Services are simulated pods, where nobody would answer: webhooks that name one are not called. */
export const webhookClient: WebhookCaller = {
  reaches: ({ url }) => url !== undefined,
  async call({ config: { url = '', caBundle }, body, timeoutSeconds }: WebhookCall): Promise<JsonObject> {
    const target = new URL(url);
    target.searchParams.set('timeout', `${timeoutSeconds}s`);
    const agent = new Agent({
      connect: caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {},
      maxResponseSize: MAX_ANSWER_BYTES,
    });
    try {
      const answer = await request(target, {
        dispatcher: agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
      return parsed(answer.statusCode, await answer.body.text());
    } catch (error) {
      if (error instanceof AnswerError) throw error;
      throw new Error(`Post ${JSON.stringify(target.href)}: ${reasonOf(error, target)}`, { cause: error });
    } finally {
      void agent.close();
    }
  },
};

/** There was an answer, and it is none of a webhook. */
class AnswerError extends Error {}

const WORDS: Readonly<Record<number, string>> = {
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  503: 'the server is currently unable to handle the request',
};

function parsed(code: number, text: string): JsonObject {
  if (code >= 500 && code !== 503)
    throw new AnswerError(`an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding`);
  if (code < 200 || code > 206)
    throw new AnswerError(WORDS[code] ?? `the server responded with the status code ${code} but did not return more information`);
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new AnswerError(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  throw new AnswerError("couldn't get version/kind; json parse error: it is no object");
}

function reasonOf(error: unknown, { hostname, port }: URL): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const address = `${hostname}:${port || '443'}`;
  if ((error as Error).name === 'TimeoutError' || error instanceof errors.ConnectTimeoutError) return 'context deadline exceeded';
  if (code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: no such host`;
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `tls: failed to verify certificate: x509: ${message}`;
  return message;
}
