// Pods for which room is being made: until the victims are gone, the node counts as theirs.
import type { PodInfo } from './pod-info.ts';

export class Nominator {
  private readonly byNode = new Map<string, Map<string, PodInfo>>();
  private readonly nodes = new Map<string, string>();

  private readonly changed: (nodeName: string, awaited: boolean) => void;

  /** @param changed told of every node whose list changes, and whether there is anybody on it */
  constructor(changed: (nodeName: string, awaited: boolean) => void) {
    this.changed = changed;
  }

  on(nodeName: string): readonly PodInfo[] {
    if (this.byNode.size === 0) return NONE;
    const pods = this.byNode.get(nodeName);
    return pods ? [...pods.values()] : NONE;
  }

  set(pod: PodInfo, nodeName: string): void {
    const { uid, labels } = pod.pod.metadata;
    const before = this.byNode.get(nodeName)?.get(uid);
    // a new status: it counts as it did
    if (before && before.pod.spec === pod.pod.spec && before.pod.metadata.labels === labels) {
      this.byNode.get(nodeName)!.set(uid, pod);
      return;
    }
    this.delete(uid);
    this.nodes.set(uid, nodeName);
    const pods = this.byNode.get(nodeName);
    if (pods) pods.set(uid, pod);
    else this.byNode.set(nodeName, new Map([[uid, pod]]));
    this.changed(nodeName, true);
  }

  nodeOf(uid: string): string | undefined {
    return this.nodes.get(uid);
  }

  delete(uid: string): void {
    const nodeName = this.nodes.get(uid);
    if (nodeName === undefined) return;
    this.nodes.delete(uid);
    const pods = this.byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.byNode.delete(nodeName);
    this.changed(nodeName, this.byNode.has(nodeName));
  }
}

const NONE: readonly PodInfo[] = [];
