// The streams that kubelets offer: logs, commands and connections of their pods' containers, by what the pod's status says of them. Follows
// GetKubeletContainerLogs and GetExec of pkg/kubelet/kubelet_pods.go.
import type { Container, ContainerStatus, Pod } from '#api/core/v1';
import type { ByteStream, ExecSession, LogOptions, NodeApi } from '../../apimachinery/node-api.ts';
import type { Clock } from '../../apimachinery/clock.ts';
import { runtimeUid } from '../../apimachinery/core/static-pods.ts';
import { badRequest, statusError, type StatusError } from '../../apimachinery/status-error.ts';
import { formatMicroTime } from '../../apimachinery/time.ts';
import { containerView } from './container-view.ts';
import type { ConfigLister } from './pod-config.ts';
import type { LogLine, Runtime } from './runtime/runtime.ts';

export interface NodeApiParts {
  readonly runtime: Runtime;
  readonly config: ConfigLister;
  /** Whether the node's kubelet is one of this process. */
  readonly manages: (node: string) => boolean;
  readonly podsOf: (node: string) => readonly Pod[];
  readonly clock: Clock;
}

export function nodeApi({ runtime, config, manages, podsOf, clock }: NodeApiParts): NodeApi {
  const checkNode = ({ spec: { nodeName = '' } }: Pod): void => {
    if (!manages(nodeName)) throw internal(`error dialing backend: no kubelet of node ${nodeName} can be reached`);
  };
  const api: NodeApi = {
    logs(pod, options) {
      checkNode(pod);
      const previous = checkLogStatus(pod, options);
      const lines = runtime.logs(runtimeUid(pod), options.container, { previous }) ?? [];
      const follow = options.follow && !previous && statusOf(pod, options.container)?.state?.running !== undefined;
      return new LogStream(lines, options, follow ? (told) => runtime.followLogs(runtimeUid(pod), options.container, told) : undefined);
    },
    exec(pod, options): ExecSession {
      checkNode(pod);
      const container = named(pod, options.container);
      if (!container || !statusOf(pod, options.container)?.state?.running) throw notRunning(options.container);
      return runtime.exec(runtimeUid(pod), container, containerView(pod, container, config), options);
    },
    connect(pod, port) {
      checkNode(pod);
      return runtime.connect(runtimeUid(pod), port);
    },
    usage: (pod, atMs) => (manages(pod.spec.nodeName ?? '') ? runtime.usage(runtimeUid(pod), atMs) : []),
    async kubelet(node, request) {
      const { name } = node.metadata;
      if (!manages(name)) return undefined;
      const { answerKubelet } = await import('./http-api.ts');
      return answerKubelet({ node, pods: podsOf(name), now: clock.now(), api }, request);
    },
  };
  return api;
}

const internal = (message: string): StatusError =>
  statusError({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}` });

const notRunning = (name: string): StatusError => internal(`unable to upgrade connection: container not found (${JSON.stringify(name)})`);

function named({ spec }: Pod, name: string): Container | undefined {
  return [...spec.containers, ...(spec.initContainers ?? []), ...((spec.ephemeralContainers ?? []) as readonly Container[])].find(
    (container) => container.name === name,
  );
}

/** Of all kinds of containers. */
export const containersOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.containerStatuses ?? []),
  ...(status?.initContainerStatuses ?? []),
  ...(status?.ephemeralContainerStatuses ?? []),
];

const statusOf = (pod: Pod, name: string): ContainerStatus | undefined => containersOf(pod).find((one) => one.name === name);

/**
 * Throws a StatusError where the container has no log.
 * @returns whether the log of the run before is meant
 */
function checkLogStatus(pod: Pod, { container, previous }: LogOptions): boolean {
  const where = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name)}`;
  const status = statusOf(pod, container);
  const { running, terminated, waiting } = status?.state ?? {};
  if (previous) {
    if (!status?.lastState?.terminated) throw badRequest(`previous terminated ${where} not found`);
    return true;
  }
  if (running ?? terminated) return false;
  if (status?.lastState?.terminated) return false;
  if (!status) throw badRequest(`${where} is waiting to start: ContainerCreating`);
  switch (waiting?.reason) {
    case 'ErrImagePull':
      throw badRequest(`${where} is waiting to start: trying and failing to pull image`);
    case 'ImagePullBackOff':
      throw badRequest(`${where} is waiting to start: image can't be pulled`);
    default:
      throw badRequest(`${where} is waiting to start: ${waiting?.reason ?? 'ContainerCreating'}`);
  }
}

/** Lines that were written already, and then, where they are followed, those to come. */
class LogStream implements ByteStream {
  private readonly options: LogOptions;
  private readonly ready: string[] = [];
  private left: number;
  private waiting: ((text: string | undefined) => void) | undefined;
  private stop: (() => void) | undefined;

  /** @param follow tells of lines to come, and `undefined` at the end; returns how to be told no more */
  constructor(
    lines: readonly LogLine[],
    options: LogOptions,
    follow: ((told: (line: LogLine | undefined) => void) => () => void) | undefined,
  ) {
    this.options = options;
    this.left = options.limitBytes ?? Infinity;
    const { sinceMs = -Infinity, tailLines } = options;
    const since = lines.filter(({ atMs }) => atMs >= sinceMs);
    const chosen = tailLines === undefined ? since : tailLines === 0 ? [] : since.slice(-tailLines);
    if (chosen.length) this.ready.push(chosen.map((line) => this.textOf(line)).join(''));
    this.stop = follow?.((line) => this.come(line));
  }

  private textOf({ atMs, text }: LogLine): string {
    // as container runtimes write it, with nine digits
    return this.options.timestamps ? `${formatMicroTime(atMs).replace(/Z$/, '000Z')} ${text}\n` : `${text}\n`;
  }

  private come(line: LogLine | undefined): void {
    if (line === undefined) this.stop = undefined;
    const text = line && this.textOf(line);
    if (this.waiting) {
      const resolve = this.waiting;
      this.waiting = undefined;
      resolve(text && this.limited(text));
    } else if (text !== undefined) this.ready.push(text);
  }

  private limited(text: string): string | undefined {
    if (this.left <= 0) return undefined;
    const bytes = Buffer.byteLength(text);
    const cut = bytes <= this.left ? text : Buffer.from(text).subarray(0, this.left).toString('utf8');
    this.left -= bytes;
    if (this.left <= 0) this.cancel();
    return cut;
  }

  next(): Promise<string | undefined> {
    const text = this.ready.splice(0).join('');
    if (text !== '') return Promise.resolve(this.limited(text));
    if (!this.stop) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.waiting = resolve));
  }

  cancel(): void {
    this.stop?.();
    this.stop = undefined;
    this.waiting?.(undefined);
    this.waiting = undefined;
  }
}
