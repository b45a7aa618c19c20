// Pods as `kubectl get pods --watch` tells of them: how many came and went of each workload, and how few were ready at the worst moment.
interface WatchedPod {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface PodHistory {
  readonly created: number;
  readonly deleted: number;
  readonly lowest: number;
  readonly ready: number;
}

export class PodWatch {
  private text = '';
  private changedMs = Date.now();
  private readonly pods = new Map<string, { readonly workload: string; ready: boolean }>();
  private readonly workloads = new Map<string, { -readonly [K in keyof PodHistory]: PodHistory[K] }>();

  /** An object on each line, or on lines of which the last is a brace alone: versions of kubectl differ. */
  read(text: string): void {
    this.text += text;
    for (let end = endOfObject(this.text); end > 0; end = endOfObject(this.text)) {
      const { type, object } = JSON.parse(this.text.slice(0, end)) as { type: string; object: WatchedPod };
      this.text = this.text.slice(end).trimStart();
      this.changedMs = Date.now();
      this.seen(type, object);
    }
  }

  private seen(type: string, { metadata, status }: WatchedPod): void {
    const { uid } = metadata;
    const ready =
      type !== 'DELETED' &&
      !metadata.deletionTimestamp &&
      Boolean(status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    const known = this.pods.get(uid);
    const workload = known?.workload ?? workloadOf(metadata);
    const history = this.historyOf(workload);
    if (!known) history.created++;
    if (type === 'DELETED') history.deleted++;
    history.ready += Number(ready) - Number(known?.ready ?? false);
    history.lowest = Math.min(history.lowest, history.ready);
    if (type === 'DELETED') this.pods.delete(uid);
    else this.pods.set(uid, { workload, ready });
  }

  private historyOf(workload: string) {
    let history = this.workloads.get(workload);
    if (!history) this.workloads.set(workload, (history = { created: 0, deleted: 0, lowest: 0, ready: 0 }));
    return history;
  }

  /** Takes the present as the state before. */
  begin(): void {
    for (const history of this.workloads.values()) Object.assign(history, { created: 0, deleted: 0, lowest: history.ready });
  }

  history(workload: string): PodHistory {
    return this.workloads.get(workload) ?? { created: 0, deleted: 0, lowest: 0, ready: 0 };
  }

  /** Workloads of a namespace whose pods came or went. */
  changed(namespace: string): string[] {
    return [...this.workloads]
      .filter(([key, { created, deleted }]) => key.split('/')[1] === namespace && created + deleted > 0)
      .map(([key]) => key);
  }

  /** Until nothing was told for so long; at most the longest. */
  async quiet(quietMs: number, longestMs: number): Promise<void> {
    const end = Date.now() + longestMs;
    this.changedMs = Date.now();
    while (Date.now() < end && Date.now() - this.changedMs < quietMs) await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A ReplicaSet's name is that of its Deployment and a hash. */
function workloadOf({ namespace, name, ownerReferences: [owner] = [] }: WatchedPod['metadata']): string {
  if (!owner) return `Pod/${namespace}/${name}`;
  if (owner.kind === 'ReplicaSet') return `Deployment/${namespace}/${owner.name.slice(0, owner.name.lastIndexOf('-'))}`;
  return `${owner.kind}/${namespace}/${owner.name}`;
}

const endOfObject = (text: string): number =>
  text.startsWith('{"') ? text.indexOf('\n') : text.indexOf('\n}\n') < 0 ? -1 : text.indexOf('\n}\n') + 2;
