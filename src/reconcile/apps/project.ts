// Argo CD's AppProjects: from where an Application may read, to where it may write, and what. Pure.
import { splitApiVersion } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { Manifest } from '../render/manifests.ts';
import { namePattern } from '../source/glob.ts';
import { redacted } from '../source/git/url.ts';
import { SourceError } from '../source/source-error.ts';
import type { App } from './app.ts';
import { Fields, type FieldFault } from './fields.ts';
import { normalised } from './repositories.ts';
import { readProjectWindow, type ProjectWindow } from './windows.ts';

interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

export interface Project {
  readonly name: string;
  readonly sourceRepos: readonly string[];
  readonly destinations: readonly { readonly server: string; readonly name: string; readonly namespace: string }[];
  readonly clusterWhitelist: readonly GroupKind[];
  readonly clusterBlacklist: readonly GroupKind[];
  /** Undefined where all are allowed. */
  readonly namespaceWhitelist: readonly GroupKind[] | undefined;
  readonly namespaceBlacklist: readonly GroupKind[];
  readonly windows: readonly ProjectWindow[];
}

export function readProject(object: DesiredObject, faults: FieldFault[]): Project {
  const spec = new Fields(object.spec, 'spec', faults);
  const kinds = (name: string): GroupKind[] =>
    spec.inners(name).map((item) => ({ group: item.string('group'), kind: item.string('kind') }));
  return {
    name: object.metadata.name ?? '',
    sourceRepos: spec.strings('sourceRepos'),
    destinations: spec
      .inners('destinations')
      .map((item) => ({ server: item.string('server'), name: item.string('name'), namespace: item.string('namespace') })),
    clusterWhitelist: kinds('clusterResourceWhitelist'),
    clusterBlacklist: kinds('clusterResourceBlacklist'),
    namespaceWhitelist: spec.has('namespaceResourceWhitelist') ? kinds('namespaceResourceWhitelist') : undefined,
    namespaceBlacklist: kinds('namespaceResourceBlacklist'),
    windows: spec.inners('syncWindows').map((item) => readProjectWindow(item, globs)),
  };
}

/** What the project does not let an app do: its sources and its destination. */
export function appFaults(app: App, project: Project): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  for (const { url = '' } of app.sources) {
    const fits = (pattern: string): boolean => pattern === '*' || globs(normalised(pattern), normalised(url)) || globs(pattern, url);
    if (!allows(project.sourceRepos, fits))
      faults.push({
        path: 'spec.source.repoURL',
        message: `application repo ${redacted(url)} is not permitted in project '${project.name}'`,
        hint: `add it to sourceRepos of the AppProject`,
      });
  }
  if (!mayGoTo(project, app.namespace ?? ''))
    faults.push({
      path: 'spec.destination',
      message: `application destination server 'https://kubernetes.default.svc' and namespace '${app.namespace ?? ''}' do not match any of the allowed destinations in project '${project.name}'`,
      hint: 'add it to destinations of the AppProject',
    });
  return faults;
}

/** Why an object may not be part of the project's apps; undefined where it may. */
export function objectFault({ object }: Manifest, namespaced: boolean, namespace: string, project: Project): string | undefined {
  const { group } = splitApiVersion(object.apiVersion);
  const { kind } = object;
  const named = (list: readonly GroupKind[]): boolean => list.some((item) => globs(item.group, group) && globs(item.kind, kind));
  const allowed = namespaced
    ? (project.namespaceWhitelist === undefined || named(project.namespaceWhitelist)) && !named(project.namespaceBlacklist)
    : named(project.clusterWhitelist) && !named(project.clusterBlacklist);
  if (!allowed) return `resource ${group ? `${group}:` : ''}${kind} is not permitted in project ${project.name}`;
  if (namespaced && !mayGoTo(project, namespace)) return `namespace ${namespace} is not permitted in project '${project.name}'`;
  return undefined;
}

/** An app that nobody defines may be anywhere. */
const mayGoTo = ({ destinations }: Project, namespace: string): boolean => {
  const fits = ({ server, name, namespace: pattern }: Project['destinations'][number]): boolean =>
    (server === '' || globs(server.replace(/^!/, ''), 'https://kubernetes.default.svc')) &&
    (name === '' || globs(name, 'in-cluster')) &&
    globs(pattern.replace(/^!/, ''), namespace);
  const refuses = ({ server, namespace: pattern }: Project['destinations'][number]): boolean =>
    server.startsWith('!') || pattern.startsWith('!');
  return destinations.some((item) => !refuses(item) && fits(item)) && !destinations.some((item) => refuses(item) && fits(item));
};

/** Whether a list with exceptions (`!pattern`) lets something through. */
const allows = (patterns: readonly string[], fits: (pattern: string) => boolean): boolean =>
  patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern)) &&
  !patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1)));

/** A star stands for anything, slashes too. What is no pattern matches nothing. */
function globs(pattern: string, text: string): boolean {
  try {
    return namePattern(pattern, pattern)(text);
  } catch (error) {
    if (error instanceof SourceError) return false;
    throw error;
  }
}
