// The transport to an API server in this process: requests are handed over as values, objects come back as they are stored.
import type { ResourceMapping, ResourceRequest, ResourceResponse, ServedResource, UserInfo } from '../apimachinery/api-request.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** What an API server offers to its own process. */
export interface InProcessServer {
  /** What it has is known once this has resolved; undefined: it is known already. */
  ready(): Promise<void> | undefined;
  serve(request: ResourceRequest): Promise<ResourceResponse>;
  /** @param kind `apps/v1/Deployment` */
  mapping(kind: string): ResourceMapping | undefined;
  resources(): readonly ServedResource[];
}

export class InProcessTransport implements Transport {
  private readonly server: InProcessServer;
  private readonly user: UserInfo;
  private readonly userAgent: string;

  /** @param userAgent names the field manager of what is written */
  constructor(server: InProcessServer, user: UserInfo, userAgent: string) {
    this.server = server;
    this.user = user;
    this.userAgent = userAgent;
  }

  serve(request: TransportRequest): Promise<ResourceResponse> {
    return this.server.serve({ ...request, user: this.user, userAgent: this.userAgent });
  }

  async resolve(kind: string): Promise<ResourceMapping | undefined> {
    const pending = this.server.ready();
    if (pending) await pending;
    return this.server.mapping(kind);
  }

  async resources(): Promise<readonly ServedResource[]> {
    const pending = this.server.ready();
    if (pending) await pending;
    return this.server.resources();
  }
}
