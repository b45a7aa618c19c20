// /healthz, /livez and /readyz: whether the server is well, as a whole and check by check. Follows server/healthz of k8s.io/apiserver.
import { plainText, type HttpResponse } from './http-message.ts';

export interface HealthCheck {
  readonly name: string;
  /** Rejects with what is wrong. */
  readonly check: () => Promise<void>;
}

const PATHS = ['/healthz', '/livez', '/readyz'];

/** @param storeAnswers rejects while the store cannot be read */
export function healthChecks(storeAnswers: () => Promise<void>): Readonly<Record<string, readonly HealthCheck[]>> {
  const well = (name: string): HealthCheck => ({ name, check: () => Promise.resolve() });
  const live = [well('ping'), well('log'), { name: 'etcd', check: storeAnswers }, well('poststarthook/crd-informer-synced')];
  return {
    '/healthz': live,
    '/livez': live,
    '/readyz': [...live, { name: 'etcd-readiness', check: storeAnswers }, well('informer-sync'), well('shutdown')],
  };
}

/** Paths at which health is told. */
export function healthPaths(checks: Readonly<Record<string, readonly HealthCheck[]>>): string[] {
  return PATHS.flatMap((path) => [path, ...checks[path]!.map(({ name }) => `${path}/${name}`)]);
}

/** @returns undefined where the path is not one of these */
export async function answerHealth(
  checks: Readonly<Record<string, readonly HealthCheck[]>>,
  path: string,
  query: URLSearchParams,
): Promise<HttpResponse | undefined> {
  const root = PATHS.find((p) => path === p || path.startsWith(`${p}/`));
  if (root === undefined) return undefined;
  const all = checks[root]!;
  const name = path.slice(root.length + 1);
  if (name === '') return answerAll(root.slice(1), all, query);
  const one = all.find((c) => c.name === name);
  if (!one) return undefined;
  const failed = await failure(one);
  return failed === undefined ? plainText(200, 'ok') : plainText(500, `internal server error: ${failed}\n`);
}

async function failure({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function answerAll(root: string, checks: readonly HealthCheck[], query: URLSearchParams): Promise<HttpResponse> {
  const excluded = new Set(query.getAll('exclude').flatMap((names) => names.split(',')));
  const lines: string[] = [];
  let failed = false;
  for (const one of checks) {
    if (excluded.delete(one.name)) {
      lines.push(`[+]${one.name} excluded: ok\n`);
      continue;
    }
    const why = await failure(one);
    // whoever asks may be anybody
    lines.push(why === undefined ? `[+]${one.name} ok\n` : `[-]${one.name} failed: reason withheld\n`);
    failed ||= why !== undefined;
  }
  if (excluded.size) {
    const names = [...excluded].sort().map((name) => `"${name}"`);
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(', ')}\n`);
  }
  if (failed) return plainText(500, `${lines.join('')}${root} check failed\n`);
  return plainText(200, query.has('verbose') ? `${lines.join('')}${root} check passed\n` : 'ok');
}
