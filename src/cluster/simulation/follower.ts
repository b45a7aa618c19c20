// Somebody who only watches: what it has come to know through a list, watches that break off, and more lists must be what the API server
// has.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { Client } from '../../client/client.ts';
import { Informers, objectKey } from '../../client/informer.ts';
import { ADMIN, type Cluster } from '../cluster.ts';
import { Link } from './link.ts';

const KINDS = ['v1/Pod', 'v1/Service', 'apps/v1/Deployment', 'apps/v1/ReplicaSet', 'discovery.k8s.io/v1/EndpointSlice'] as const;

export class Follower {
  private readonly link: Link;
  private readonly informers: Informers;

  constructor(cluster: Cluster, clock: Clock, random: Random) {
    this.link = new Link(clock, random);
    this.informers = new Informers(new Client(this.link.over(cluster.transport(ADMIN, 'follower'))), clock);
    for (const kind of KINDS) this.informers.of(kind);
  }

  start(): Promise<void> {
    return this.informers.start();
  }

  stop(): void {
    this.link.kill();
    void this.informers.stop();
  }

  dropWatches(expired: boolean): void {
    this.link.dropWatches(expired);
  }

  /** @returns what it knows otherwise than the server */
  async compare(client: Client): Promise<string[]> {
    const problems: string[] = [];
    for (const kind of KINDS) {
      const informer = this.informers.of(kind);
      const { items } = await client.list(kind);
      for (const item of items) {
        const known = informer.getByKey(objectKey(item));
        if (known?.metadata.resourceVersion !== item.metadata.resourceVersion)
          problems.push(
            `${kind} ${objectKey(item)}: ${known ? `is known as of ${known.metadata.resourceVersion}` : 'is not known'}, and is at ${item.metadata.resourceVersion}`,
          );
      }
      if (informer.size !== items.length) problems.push(`${kind}: ${informer.size} are known, and there are ${items.length}`);
    }
    return problems;
  }
}
