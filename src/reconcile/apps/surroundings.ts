// What apps refer to besides their own files: the data of ConfigMaps and Secrets, which clusters there are, and whether Argo CD is told to
// judge Applications; as the objects of the source say it, and after them the cluster.
import { isObject } from '../../apimachinery/object.ts';
import type { Manifest } from '../render/manifests.ts';
import type { Snapshot } from '../source/snapshot.ts';
import { decodeText } from '../render/text.ts';
import type { FileList, GeneratorWorld, KnownCluster } from './generators.ts';
import type { FindData } from './render-app.ts';
import type { Repositories } from './repositories.ts';

export class KnownData {
  private readonly data = new Map<string, { readonly data: ReadonlyMap<string, string>; readonly counts: () => boolean }>();
  private readonly remote: KnownCluster[] = [];
  private readonly inCluster: FindData;
  private judges = false;

  constructor(inCluster: FindData) {
    this.inCluster = inCluster;
  }

  /**
   * Notes what objects say.
   * @param namespace of those that name none
   * @param counts whether what a file holds counts, asked when it matters
   */
  add(manifests: readonly Manifest[], namespace = 'default', counts: (file: string) => boolean = () => true): void {
    for (const { object, origin } of manifests) {
      if (object.apiVersion !== 'v1' || (object.kind !== 'ConfigMap' && object.kind !== 'Secret')) continue;
      const { name = '', namespace: own, labels = {}, annotations = {} } = object.metadata;
      const data = dataOf(object.kind, object);
      this.data.set(keyOf(object.kind, own || namespace, name), { data, counts: () => counts(origin.file) });
      if (object.kind === 'ConfigMap' && name === 'argocd-cm') this.judges ||= judgesApplications(data);
      if (object.kind === 'Secret' && labels['argocd.argoproj.io/secret-type'] === 'cluster')
        this.remote.push({
          name: data.get('name') ?? name,
          server: data.get('server') ?? '',
          project: data.get('project') ?? '',
          labels,
          annotations,
        });
    }
  }

  readonly find: FindData = async (kind, namespace, name) => {
    const known = this.data.get(keyOf(kind, namespace, name));
    return known?.counts() ? known.data : this.inCluster(kind, namespace, name);
  };

  /** The cluster itself, and those that Secrets of the source describe. */
  clusters(): readonly KnownCluster[] {
    const here = { name: 'in-cluster', server: 'https://kubernetes.default.svc', project: '', labels: undefined, annotations: {} };
    return this.remote.some(({ server }) => server === here.server) ? this.remote : [here, ...this.remote];
  }

  get judgesApplications(): boolean {
    return this.judges;
  }
}

const keyOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

/** The texts of a ConfigMap or a Secret. */
export function dataOf(kind: string, { data, stringData }: { readonly [field: string]: unknown }): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const decode = (value: string): string => (kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value);
  for (const [key, value] of Object.entries(isObject(data) ? data : {})) if (typeof value === 'string') texts.set(key, decode(value));
  for (const [key, value] of Object.entries(isObject(stringData) ? stringData : {})) if (typeof value === 'string') texts.set(key, value);
  return texts;
}

const judgesApplications = (data: ReadonlyMap<string, string>): boolean =>
  data.has('resource.customizations.health.argoproj.io_Application') ||
  /argoproj\.io\/Application:/.test(data.get('resource.customizations') ?? '');

/** What generators look at. Repositories stay open until it is closed. */
export function gitWorld(
  repositories: Repositories,
  clusters: () => readonly KnownCluster[],
): Omit<GeneratorWorld, 'template'> & { close(): Promise<void> } {
  const open = new Map<string, Promise<Snapshot>>();
  return {
    get clusters() {
      return clusters();
    },
    async list(url, ref): Promise<FileList> {
      const key = `${url}\0${ref ?? ''}`;
      let snapshot = open.get(key);
      if (!snapshot) {
        snapshot = repositories.open({ url, ref, path: '' });
        open.set(key, snapshot);
      }
      const { files } = await snapshot;
      return {
        paths: files.map(({ path }) => path),
        async read(path) {
          const decoded = decodeText(await files.find((file) => file.path === path)!.read());
          return decoded.fault ? '' : decoded.text;
        },
      };
    },
    async close() {
      for (const snapshot of open.values()) await snapshot.then((s) => s.close()).catch(() => undefined);
    },
  };
}
