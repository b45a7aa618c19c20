// Charts in OCI registries: the tags of a repository, a manifest, and the layer that is the packed chart. Read without credentials, with the
// token that a registry gives to anybody.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { SourceError } from '../../source/source-error.ts';
import type { Elsewhere, HttpAnswer } from '../../source/source-tree.ts';
import { checkDigest, highest, type ChartAddress } from './remote-chart.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** Pages of tags that are asked for. */
const MAX_PAGES = 20;

/** Throws a SourceError. */
export async function registryChart({ repository, name, version }: ChartAddress, elsewhere: Elsewhere): Promise<Uint8Array> {
  const [, host, path] = /^oci:\/\/([^/]+)\/(.+?)\/*$/.exec(name ? `${repository.replace(/\/+$/, '')}/${name}` : repository) ?? [];
  if (host === undefined || path === undefined)
    throw new SourceError('InvalidPath', repository, 'it names no chart in a registry', 'write oci://host/path/chart');
  return new Repository(host, path, elsewhere).chart(version);
}

class Repository {
  private readonly host: string;
  private readonly path: string;
  private readonly elsewhere: Elsewhere;
  private token: string | undefined;

  constructor(host: string, path: string, elsewhere: Elsewhere) {
    this.host = host;
    this.path = path;
    this.elsewhere = elsewhere;
  }

  private get where(): string {
    return `oci://${this.host}/${this.path}`;
  }

  async chart(version: string): Promise<Uint8Array> {
    const reference = version.startsWith('sha256:') ? version : await this.tag(version);
    const { bytes } = await this.get(`manifests/${reference}`, MANIFEST);
    if (version.startsWith('sha256:')) checkDigest(bytes, version, this.where);
    const { layers } = this.parsed(bytes);
    const layer = (Array.isArray(layers) ? layers : []).filter(isObject).find(({ mediaType }) => mediaType === CHART_LAYER);
    if (typeof layer?.digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(layer.digest))
      throw new SourceError('WrongType', this.where, `${reference} is no chart`);
    const { bytes: packed } = await this.get(`blobs/${layer.digest}`, '*/*');
    checkDigest(packed, layer.digest, this.where);
    return packed;
  }

  /** Versions are tags, with `_` for `+`. */
  private async tag(version: string): Promise<string> {
    if (/^v?\d+\.\d+\.\d+[\w.+-]*$/.test(version) || version === 'latest') return version.replaceAll('+', '_');
    const tags: { readonly version: string; readonly tag: string }[] = [];
    let next: string | undefined = 'tags/list?n=1000';
    for (let page = 0; next !== undefined && page < MAX_PAGES; page++) {
      const { bytes, headers }: HttpAnswer = await this.get(next, 'application/json');
      const { tags: some } = this.parsed(bytes);
      for (const tag of Array.isArray(some) ? some : []) if (typeof tag === 'string') tags.push({ tag, version: tag.replaceAll('_', '+') });
      next = /<[^>]*\/(tags\/list\?[^>]*)>\s*;\s*rel="?next/.exec(headers.link ?? '')?.[1];
    }
    const found = highest(tags, version);
    if (found) return found.tag;
    throw new SourceError(
      'NotFound',
      this.where,
      `there is no version ${version}`,
      tags.length
        ? `it has ${tags
            .slice(-5)
            .map(({ tag }) => tag)
            .join(', ')}`
        : undefined,
    );
  }

  private parsed(bytes: Uint8Array): JsonObject {
    try {
      const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
      if (isObject(value)) return value;
    } catch (error) {
      throw new SourceError('Corrupt', this.where, 'the registry answers with something that is no JSON', undefined, error);
    }
    throw new SourceError('Corrupt', this.where, 'the registry does not answer as one');
  }

  private async get(what: string, accept: string): Promise<HttpAnswer> {
    // a registry of this machine need not be spoken to in secret
    const scheme = /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(this.host) ? 'http' : 'https';
    const url = `${scheme}://${this.host}/v2/${this.path}/${what}`;
    const ask = (): Promise<HttpAnswer> =>
      this.elsewhere.request(url, { accept, ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) });
    let answer = await ask();
    if (answer.status === 401 && this.token === undefined) {
      this.token = await this.tokenFor(answer.headers['www-authenticate'] ?? '');
      answer = await ask();
    }
    if (answer.status === 200) return answer;
    if (answer.status === 404)
      throw new SourceError('NotFound', this.where, `there is no ${what} (HTTP 404)`, 'check the name and the version');
    if (answer.status === 401 || answer.status === 403)
      throw new SourceError(
        'Unauthorized',
        this.where,
        `the registry wants credentials (HTTP ${answer.status})`,
        'put the chart into the repository (helm pull --untar)',
      );
    throw new SourceError('Unreachable', this.where, `the registry answered HTTP ${answer.status}`);
  }

  /** `Bearer realm="https://…",service="…",scope="…"` */
  private async tokenFor(challenge: string): Promise<string> {
    const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
    if (!/^bearer /i.test(challenge) || !URL.canParse(fields.realm ?? ''))
      throw new SourceError(
        'Unauthorized',
        this.where,
        'the registry wants credentials',
        'put the chart into the repository (helm pull --untar)',
      );
    const url = new URL(fields.realm!);
    if (fields.service) url.searchParams.set('service', fields.service);
    url.searchParams.set('scope', fields.scope ?? `repository:${this.path}:pull`);
    const { bytes } = await this.elsewhere.request(url.href, { accept: 'application/json' });
    const { token, access_token: access } = this.parsed(bytes);
    const found = token ?? access;
    if (typeof found === 'string') return found;
    throw new SourceError(
      'Unauthorized',
      this.where,
      'the registry gives no token to everybody',
      'put the chart into the repository (helm pull --untar)',
    );
  }
}
