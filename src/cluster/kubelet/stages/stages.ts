// The Stages of a cluster's nodes and pods, and what their templates can ask of that cluster.
import type { Node, Pod } from '#api/core/v1';
import type { Random } from '../../../apimachinery/random.ts';
import type { TemplateFunctions } from '../../../apimachinery/go-template/signature.ts';
import type { GoTemplate } from '../../../apimachinery/go-template/template.ts';
import { EventRecorder } from '../../../client/event-recorder.ts';
import type { ControllerDeps } from '../../../client/controller.ts';
import type { PodWorkerDeps } from '../pod-worker.ts';
import { Lifecycle } from './lifecycle.ts';
import { NOWHERE, stageFunctions, type StageSurroundings } from './stage-functions.ts';
import { readStage, type StagedKind, type StagedObject } from './stage.ts';
import { podIPsOf, StagedPod } from './staged-pod.ts';
import { StagePlayer } from './stage-player.ts';

export class Stages {
  private readonly lifecycle: Lifecycle;
  private readonly deps: ControllerDeps;
  private readonly random: Random;
  private readonly recorder: EventRecorder;
  private readonly podIPs = new Map<string, readonly string[]>();
  /** What the template that is being executed is about. */
  private about = { node: '', podUid: '' };

  /** @param manifests checked already. Throws a StageError otherwise. */
  constructor(manifests: readonly unknown[], deps: ControllerDeps, around: Omit<StageSurroundings, 'now' | 'podIPs'>) {
    this.deps = deps;
    this.random = deps.random.fork();
    this.recorder = new EventRecorder(deps.client, deps.clock, { component: 'kwok_controller' });
    const surroundings: StageSurroundings = {
      ...around,
      now: () => deps.clock.now(),
      podIPs: (_, uid) => this.podIPs.get(uid) ?? [],
    };
    this.lifecycle = new Lifecycle(
      manifests,
      stageFunctions(surroundings, () => this.about),
    );
  }

  get playNodes(): boolean {
    return this.lifecycle.plays('Node');
  }

  /** Whether the pod's life is told by Stages: by what of it does not change. */
  mayPlay(pod: Pod): boolean {
    return this.lifecycle.mayPlay('Pod', pod);
  }

  pod(pod: Pod, deps: PodWorkerDeps): StagedPod {
    const { uid } = pod.metadata;
    const closing = new AbortController();
    const prepare = async (): Promise<void> => {
      if (pod.spec.hostNetwork || this.podIPs.has(uid)) return;
      const known = podIPsOf(pod);
      this.podIPs.set(uid, known.length > 0 ? known : (await deps.runtime.runPodSandbox(pod, closing.signal, deps.podCIDR())).ips);
    };
    const player = this.player('Pod', { node: deps.nodeName, podUid: uid }, prepare, (error) => deps.onError(pod, error));
    return new StagedPod(pod, deps, {
      update: (changed) => player.update(changed),
      close: () => {
        player.close();
        closing.abort(new Error('closed'));
        this.podIPs.delete(uid);
      },
    });
  }

  node(node: Node, onError: (error: unknown) => void): StagePlayer {
    return this.player('Node', { node: node.metadata.name, podUid: '' }, undefined, onError);
  }

  /** Resolves when all events are written. */
  flushed(): Promise<void> {
    return this.recorder.flushed();
  }

  private player(
    kind: StagedKind,
    about: Stages['about'],
    prepare: (() => Promise<void>) | undefined,
    onError: (error: unknown) => void,
  ): StagePlayer {
    const { client, clock } = this.deps;
    return new StagePlayer({
      client,
      clock,
      random: this.random,
      lifecycle: this.lifecycle,
      kind,
      render: (template, object) => this.render(template, object, about),
      event: (object, type, reason, message) => this.recorder.event(object, type === 'Warning' ? 'Warning' : 'Normal', reason, message),
      onError,
      ...(prepare ? { prepare } : {}),
    });
  }

  private render(template: GoTemplate, object: StagedObject, about: Stages['about']): string {
    this.about = about;
    return template.execute(object);
  }
}

/** Throws a StageError where it cannot be played. */
export function checkStage(manifest: unknown): void {
  readStage(manifest, anywhere());
}

/** To ask which Stages come for what. @param manifests checked already */
export const lifecycleOf = (manifests: readonly unknown[]): Lifecycle => new Lifecycle(manifests, anywhere());

const anywhere = (): TemplateFunctions => stageFunctions(NOWHERE, () => ({ node: '', podUid: '' }));
