// The sources of `jibe serve`: those of its arguments, or of a file; each as flags of a command that keeps one.
import path from 'node:path';
import { CannotDo, unsound } from './failure.ts';
import type { KeeperFlags } from './keeper.ts';
import { appName } from './source.ts';
import type { TargetFlags } from './target.ts';
import { readTextFile } from './text-file.ts';

export type SourceFlagsOf = KeeperFlags & TargetFlags;

export interface NamedSource {
  readonly name: string;
  /** What is named on the command line as SOURCE. */
  readonly location: string;
  readonly flags: SourceFlagsOf;
}

/** Throws a CannotDo where a file is not sound, or two sources have one name. @param flags what holds for each that says nothing else */
export async function servedSources(
  locations: readonly string[],
  config: string | undefined,
  flags: SourceFlagsOf,
): Promise<readonly NamedSource[]> {
  if (config !== undefined && locations.length > 0)
    throw new CannotDo('sources are named by --config or as arguments, not both', 'leave one of them out');
  if (config === undefined && locations.length === 0)
    throw new CannotDo('no source is named', 'give directories or repositories, or a file that lists them (--config)');
  if (locations.includes('-')) throw new CannotDo('standard input cannot be read again', 'give a directory or a repository');
  const sources =
    config === undefined
      ? locations.map((location): NamedSource => ({ name: appName(location, flags.path), location, flags }))
      : await fromFile(config, flags);
  const repeated = sources.find(({ name }, i) => sources.findIndex((other) => other.name === name) < i);
  if (repeated)
    throw new CannotDo(
      `two sources are called ${repeated.name}`,
      'give them names of their own, in a file: --config FILE, with sources: [{name, location}, …]',
    );
  return sources;
}

async function fromFile(file: string, flags: SourceFlagsOf): Promise<readonly NamedSource[]> {
  const { readServeFile } = await import('../../reconcile/keep/serve-file.ts');
  const { sources, errors } = await readServeFile(readTextFile(file), file);
  if (errors) throw unsound(errors, 'docs/serve.md describes the file');
  const beside = (named: string): string => (isAddress(named) ? named : path.resolve(path.dirname(file), named));
  return sources.map((source): NamedSource => {
    const {
      location,
      path: inside,
      ref,
      app,
      include,
      exclude,
      namespace,
      prune,
      cluster,
      context,
      kubeconfig,
      verify,
      trustedKeys,
    } = source;
    const name = source.name ?? appName(location, inside);
    const isElsewhere = cluster !== undefined || context !== undefined || kubeconfig !== undefined;
    return {
      name,
      location: beside(location),
      flags: {
        ...flags,
        name,
        app,
        ref: ref ?? flags.ref,
        path: inside ?? flags.path,
        include: include.length ? include : flags.include,
        exclude: exclude.length ? exclude : flags.exclude,
        namespace: namespace ?? flags.namespace,
        interval: source.intervalMs ?? flags.interval,
        timeout: source.timeoutMs ?? flags.timeout,
        prune: prune ?? flags.prune,
        'self-heal': source.selfHeal ?? flags['self-heal'],
        ...(isElsewhere ? { ephemeral: false, cluster: cluster ?? 'default', context, kubeconfig: kubeconfig && beside(kubeconfig) } : {}),
        ...(verify === undefined ? {} : { verify }),
        ...(trustedKeys === undefined ? {} : { 'trusted-keys': beside(trustedKeys) }),
      },
    };
  });
}

/** `https://…`, `ssh://…`, `git@host:path`. */
const isAddress = (location: string): boolean => /^[a-z+]+:\/\/|^[^/]+@[^/]+:/.test(location);

/** Sources that work on one cluster share it. */
export const clusterKey = ({ cluster, ephemeral, context, kubeconfig }: TargetFlags): string =>
  JSON.stringify(context !== undefined || kubeconfig !== undefined ? { context, kubeconfig } : ephemeral ? {} : { cluster });
