// How an API server reaches webhooks: it opens no connections of its own, whoever serves it to the world gives it the means.
import type { WebhookClientConfig } from '#api/admissionregistration/v1';
import type { JsonObject } from '../../../../apimachinery/object.ts';

export interface WebhookCall {
  /** A URL, or a service; and the certificates that it is to be known by. */
  readonly config: WebhookClientConfig;
  readonly body: JsonObject;
  readonly timeoutSeconds: number;
}

export interface WebhookCaller {
  /** Whether there is anybody to ask: webhooks that are out of reach are passed over. */
  reaches(config: WebhookClientConfig): boolean | Promise<boolean>;
  /**
   * The object that the webhook answers. Rejects with an error whose message says why there is none, as Go's HTTP client would:
   * `Post "https://…": dial tcp …: connect: connection refused`.
   */
  call(call: WebhookCall): Promise<JsonObject>;
}
