// How the API server reaches other servers: those that live in this process, pods of the simulated runtime, and whatever else there is by
// the means that whoever serves it has given it. It opens no connections of its own.
import type { Pod } from '#api/core/v1';
import type { HttpExchangeRequest, HttpExchangeResponse, HttpHandler } from '../../../apimachinery/http-exchange.ts';
import type { NodeApi } from '../../../apimachinery/node-api.ts';

/** How it is made sure who answers, and who asks. */
export interface Tls {
  /** Whom the certificate must name. */
  readonly serverName: string;
  /** PEM in base64, as objects have it; absent: the authorities of the machine. */
  readonly caBundle?: string | undefined;
  readonly insecureSkipVerify?: boolean;
  /** PEM. */
  readonly client?: { readonly key: string; readonly cert: string } | undefined;
}

export interface Destination {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly tls?: Tls | undefined;
}

export interface SendOptions {
  /** Milliseconds until the answer must have begun; absent: as long as it takes. */
  readonly timeoutMs?: number;
}

/** Rejects with an error in the words of Go's HTTP client, without method and address: `dial tcp 10.0.0.7:443: connect: connection refused`. */
export type Dial = (destination: Destination, request: HttpExchangeRequest, options: SendOptions) => Promise<HttpExchangeResponse>;

/** Where a request goes: an address, and the pod that has it, where there is one. */
export interface Place {
  readonly destination: Destination;
  readonly pod?: Pod | undefined;
}

export class Backends {
  /** `host:port` */
  private readonly listeners = new Map<string, HttpHandler>();
  /** The kubelets, once there are some. */
  nodes: NodeApi | undefined;
  private readonly dial: Dial | undefined;
  /** How the server makes itself known to those that it passes requests on to. */
  readonly client: Tls['client'];

  constructor(dial?: Dial, client?: Tls['client']) {
    this.dial = dial;
    this.client = client;
  }

  /** What is sent to this address is answered in this process, whatever certificate is expected. */
  listen(host: string, port: number, handler: HttpHandler): void {
    this.listeners.set(`${host}:${port}`, handler);
  }

  isListening(host: string, port: number): boolean {
    return this.listeners.has(`${host}:${port}`);
  }

  /** Whether there is a way out of this process. */
  get reachesOutside(): boolean {
    return this.dial !== undefined;
  }

  async send({ destination, pod }: Place, request: HttpExchangeRequest, options: SendOptions = {}): Promise<HttpExchangeResponse> {
    const { host, port, tls } = destination;
    const listener = this.listeners.get(`${host}:${port}`);
    if (listener) return listener(request);
    if (pod && this.nodes) {
      const connection = await this.nodes.connect(pod, port).catch(() => undefined);
      if (!connection) throw new Error(`dial tcp ${host}:${port}: connect: connection refused`);
      // simulated processes speak in the clear, whatever is spoken to them
      if (tls) throw new Error('http: server gave HTTP response to HTTPS client');
      const { exchangeOver } = await import('./exchange-over.ts');
      return exchangeOver(connection, `${host}:${port}`, request);
    }
    if (!this.dial) throw new Error(`dial tcp ${host}:${port}: connect: no route to host`);
    return this.dial(destination, request, options);
  }
}
