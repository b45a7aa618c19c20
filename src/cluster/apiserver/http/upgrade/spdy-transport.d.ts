// The part of spdy-transport that is used here: the package has no types of its own.
declare module 'spdy-transport' {
  import type { Duplex } from 'node:stream';

  export interface SpdyStream extends Duplex {
    readonly headers: Readonly<Record<string, string>>;
    respond(status: number, headers: Readonly<Record<string, string>>): void;
    abort(): void;
  }

  type Headers = Readonly<Record<string, string>>;

  export interface SpdyConnection {
    readonly _spdyState: {
      readonly parser: { parseKVs(buffer: unknown, done: (error: Error | null, headers?: Headers) => void): void };
    };
    start(version: number): void;
    on(event: 'stream', listener: (stream: SpdyStream) => void): void;
    on(event: 'error' | 'close', listener: () => void): void;
    end(): void;
  }

  const transport: {
    readonly connection: {
      create(socket: Duplex, options: { protocol: 'spdy'; isServer: boolean; windowSize?: number; maxStreams?: number }): SpdyConnection;
    };
  };
  export default transport;
}
