// What an API server asks of the kubelets: logs of containers, commands run in them, connections into pods. Follows the streaming part of
// the kubelet's API and of CRI. Values and streams only: how they travel is another matter.
import type { Node, Pod } from '#api/core/v1';
import type { HttpExchangeRequest, HttpExchangeResponse } from './http-exchange.ts';

/** The query of a log; follows PodLogOptions. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
}

/** Pieces of a text or of bytes, as they come. */
export interface ByteStream {
  /** Undefined at the end. */
  next(): Promise<string | Uint8Array | undefined>;
  cancel(): void;
}

export type OutputName = 'stdout' | 'stderr';

export interface ExecOptions {
  readonly container: string;
  /** Empty: the container's own process is attached to. */
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** How a command ended: with its exit code, or because it could not be run. */
export type ExecEnd = { readonly exitCode: number } | { readonly failure: string };

/** A command that runs, or a container that is attached to. */
export interface ExecSession {
  write(data: Uint8Array): void;
  /** Nothing more will be written. */
  endInput(): void;
  resize(columns: number, rows: number): void;
  /** Called with each piece of output; must be set before anything else is done. */
  start(output: (name: OutputName, data: Uint8Array) => void): Promise<ExecEnd>;
  /** Nobody listens any more. */
  cancel(): void;
}

/** A connection to a port of a pod. */
export interface PodConnection {
  write(data: Uint8Array): void;
  endInput(): void;
  /** Resolves when the other side has closed. */
  start(output: (data: Uint8Array) => void): Promise<void>;
  cancel(): void;
}

/** What a container has used until a moment. */
export interface ContainerUsage {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Since it was started. */
  readonly cpuCoreNanoSeconds: number;
  /** At that moment: the working set. */
  readonly memoryBytes: number;
}

export interface NodeApi {
  /** All methods throw a StatusError in the kubelet's words where they cannot do it. */
  logs(pod: Pod, options: LogOptions): ByteStream;
  exec(pod: Pod, options: ExecOptions): ExecSession;
  /** Rejects with an Error where nobody listens there. */
  connect(pod: Pod, port: number): Promise<PodConnection>;
  /**
   * What the containers that ran at that moment had used; never throws.
   * @param atMs milliseconds since 1970: now, or up to a minute ago
   */
  usage(pod: Pod, atMs: number): readonly ContainerUsage[];
  /** A request to the node's kubelet itself: `/healthz`, `/stats/summary`. Undefined: nobody listens there. */
  kubelet(node: Node, request: HttpExchangeRequest): Promise<HttpExchangeResponse | undefined>;
}
