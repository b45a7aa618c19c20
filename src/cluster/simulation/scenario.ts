// What happens in a run, step by step: what people do, what breaks, and how much time passes in between.
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import type { LinkFaults } from './link.ts';

/** Of which a process can end: a crash, from one instruction to the next. `node-1`: the kubelet of that node. */
export type ProcessName = 'controllers' | 'scheduler' | 'proxy' | (string & {});

export interface ObjectName {
  /** `apps/v1/Deployment` */
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export type Step =
  | { readonly do: 'advance'; readonly ms: number }
  /** As `kubectl apply --server-side` does. */
  | { readonly do: 'apply'; readonly object: Manifest<KubernetesObject> }
  | { readonly do: 'scale'; readonly object: ObjectName; readonly replicas: number }
  | { readonly do: 'delete'; readonly object: ObjectName }
  /** Deletes one of the pods that carry all of these labels, whichever comes first by name after so many. */
  | { readonly do: 'deletePod'; readonly labels: Readonly<Record<string, string>>; readonly skip: number }
  | { readonly do: 'cordon' | 'uncordon'; readonly node: string }
  /** Cordons it and evicts its pods, once each: what a budget does not allow stays. */
  | { readonly do: 'drain'; readonly node: string }
  /** The machine is told to stop, and lets its pods end; or it is told that it goes on after all. */
  | { readonly do: 'shutDown' | 'cancelShutDown'; readonly node: string }
  /** The machine stops at once, with all that runs on it; later it begins again. */
  | { readonly do: 'powerOff' | 'powerOn'; readonly node: string }
  /** The node goes on, and cannot reach the API server. */
  | { readonly do: 'partition' | 'heal'; readonly node: string }
  /** Of all processes, until it is said otherwise. */
  | { readonly do: 'faults'; readonly faults: LinkFaults }
  | { readonly do: 'dropWatches'; readonly expired: boolean }
  | { readonly do: 'crash'; readonly process: ProcessName };

export interface Scenario {
  readonly nodes: number;
  /** How many controller managers and schedulers there are, of which one each leads. Default: 2. */
  readonly replicas?: number;
  /** Whether there is a metrics-server: what autoscalers go by. Default: not. */
  readonly metrics?: boolean;
  readonly steps: readonly Step[];
}

const labels = (step: Extract<Step, { do: 'deletePod' }>): string =>
  Object.entries(step.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const objectName = ({ kind, namespace, name }: ObjectName): string =>
  `${kind.split('/').at(-1)} ${namespace ? `${namespace}/` : ''}${name}`;

const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** One line for people. */
export function stepText(step: Step): string {
  switch (step.do) {
    case 'advance':
      return `${step.ms / 1000} s pass`;
    case 'apply': {
      const { apiVersion, kind, metadata } = step.object;
      return `apply ${objectName({ kind: `${apiVersion}/${kind}`, name: metadata.name ?? '', ...(metadata.namespace ? { namespace: metadata.namespace } : {}) })}`;
    }
    case 'scale':
      return `scale ${objectName(step.object)} to ${step.replicas}`;
    case 'delete':
      return `delete ${objectName(step.object)}`;
    case 'deletePod':
      return `delete a pod of ${labels(step)}`;
    case 'cordon':
    case 'uncordon':
    case 'drain':
      return `${step.do} ${step.node}`;
    case 'shutDown':
      return `${step.node} shuts down`;
    case 'cancelShutDown':
      return `${step.node} does not shut down`;
    case 'powerOff':
      return `${step.node} loses power`;
    case 'powerOn':
      return `${step.node} starts again`;
    case 'partition':
      return `${step.node} is cut off from the API server`;
    case 'heal':
      return `${step.node} reaches the API server again`;
    case 'faults': {
      const { failWrites, loseAnswers, delayMs } = step.faults;
      const said = [
        ...(failWrites ? [`${percent(failWrites)} of writes fail`] : []),
        ...(loseAnswers ? [`${percent(loseAnswers)} of answers are lost`] : []),
        ...(delayMs ? [`requests take up to ${delayMs} ms`] : []),
      ];
      return said.join(', ') || 'requests work again';
    }
    case 'dropWatches':
      return step.expired ? 'all watches end, their versions too old' : 'all watches end';
    case 'crash':
      return `${step.process} crashes`;
  }
}
