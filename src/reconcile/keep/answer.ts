// What a request asks and what is answered, as values: handlers are functions from the one to the other and know nothing of sockets.

export interface Asked {
  readonly method: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** Writes on until the other side has gone; one that does not read what it is sent is sent away. */
export type Streaming = (write: (text: string) => void, gone: AbortSignal) => void;

export type Handler = (asked: Asked) => Answer | Streaming | Promise<Answer | Streaming>;

export const text = (body: string, status = 200, type = 'text/plain; charset=utf-8'): Answer => ({ status, type, body });
export const json = (value: unknown, status = 200): Answer => text(`${JSON.stringify(value, undefined, 2)}\n`, status, 'application/json');

/** Why something is not to be had: by name, in words, and what to do about it. */
export const problem = (status: number, reason: string, message: string, hint: string, headers: Answer['headers'] = {}): Answer => ({
  ...json({ error: { status, reason, message, hint } }, status),
  headers,
});
