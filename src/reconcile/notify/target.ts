// Whom notifications go to, as jibe.yaml says it, and the requests that tell each of them. A repository names neither addresses nor tokens:
// those come from the environment of whoever runs jibe, so that no commit can send a token anywhere.
import { GoTemplate } from '../../apimachinery/go-template/template.ts';
import { SPRIG } from '../../apimachinery/go-template/sprig.ts';
import type { NotifiedEvent, Notification } from './notification.ts';

interface Common {
  /** Which events, and of which apps; empty: all. */
  readonly on: readonly NotifiedEvent[];
  readonly apps: readonly string[];
}

export type NotificationTarget =
  /** A request to the address in $JIBE_NOTIFY_<NAME>. */
  | (Common & { readonly to: 'webhook'; readonly name: string; readonly template: string; readonly contentType: string })
  /** Statuses of commits, comments on pull requests; the token in $JIBE_GITHUB_TOKEN. */
  | (Common & { readonly to: 'github' | 'gitlab'; readonly project: string; readonly status: boolean; readonly comment: boolean });

export const DEFAULT_TEMPLATE = '{"text": {{ printf "%s %s" .app .message | toJson }}}';

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Resolves with the answer's JSON, if it is any. Rejects where it is no success. */
export type Call = (call: HttpCall) => Promise<unknown>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment lacks something, or an answer is not what it should be. Messages hold no secrets. */
export class NotifyError extends Error {
  override readonly name = 'NotifyError';
}

/** Whether a target is to be told. */
export const concerns = ({ on, apps }: NotificationTarget, { app, event }: Notification): boolean =>
  (on.length === 0 || on.includes(event)) && (apps.length === 0 || apps.includes(app));

/** Tells a target. Throws a NotifyError, a TemplateError, or what `call` throws. */
export async function tell(target: NotificationTarget, notification: Notification, env: Environment, call: Call): Promise<void> {
  if (target.to === 'webhook') {
    const variable = `JIBE_NOTIFY_${target.name.toUpperCase().replaceAll('-', '_')}`;
    const url = fromEnvironment(env, variable);
    await call({ method: 'POST', url, headers: { 'content-type': target.contentType }, body: webhookBody(target.template, notification) });
  } else if (notification.revision === '') return;
  else if (target.to === 'github') await tellGitHub(target, notification, env, call);
  else await tellGitLab(target, notification, env, call);
}

/** Of what a template writes. */
const BOUNDS = { output: 64 * 1024, steps: 100_000, depth: 20 };

/** Throws a TemplateError. */
export const webhookBody = (template: string, notification: Notification): string =>
  new GoTemplate(template, SPRIG).execute({ ...notification }, BOUNDS);

function fromEnvironment(env: Environment, variable: string): string {
  const value = env[variable];
  if (!value) throw new NotifyError(`$${variable} is not set`);
  return value;
}

/** Characters of a status' description that GitHub takes. */
const MAX_DESCRIPTION = 140;

const comment = ({ app, message, cluster }: Notification): string => `**${app}** ${message} (${cluster})`;

const isWell = ({ event }: Notification): boolean => event === 'deployed' || event === 'recovered';

type Host = Extract<NotificationTarget, { readonly to: 'github' | 'gitlab' }>;

/** https://docs.github.com/rest/commits/statuses, https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit */
async function tellGitHub({ project, status, comment: comments }: Host, told: Notification, env: Environment, call: Call): Promise<void> {
  const api = `${env['JIBE_GITHUB_API'] || 'https://api.github.com'}/repos/${project.split('/').map(encodeURIComponent).join('/')}`;
  const headers = {
    authorization: `Bearer ${fromEnvironment(env, 'JIBE_GITHUB_TOKEN')}`,
    accept: 'application/vnd.github+json',
    'content-type': 'application/json',
    'user-agent': 'jibe',
  };
  if (status) {
    const body = {
      state: isWell(told) ? 'success' : 'failure',
      context: `jibe/${told.app}`,
      description: told.message.slice(0, MAX_DESCRIPTION),
    };
    await call({ method: 'POST', url: `${api}/statuses/${told.revision}`, headers, body: JSON.stringify(body) });
  }
  if (!comments) return;
  for (const number of numbers(await call({ method: 'GET', url: `${api}/commits/${told.revision}/pulls`, headers }), 'number'))
    await call({ method: 'POST', url: `${api}/issues/${number}/comments`, headers, body: JSON.stringify({ body: comment(told) }) });
}

/** https://docs.gitlab.com/api/commits/#set-commit-pipeline-status, https://docs.gitlab.com/api/notes/#create-new-merge-request-note */
async function tellGitLab({ project, status, comment: comments }: Host, told: Notification, env: Environment, call: Call): Promise<void> {
  const api = `${env['JIBE_GITLAB_API'] || 'https://gitlab.com/api/v4'}/projects/${encodeURIComponent(project)}`;
  const headers = { 'private-token': fromEnvironment(env, 'JIBE_GITLAB_TOKEN'), 'content-type': 'application/json' };
  if (status) {
    const body = {
      state: isWell(told) ? 'success' : 'failed',
      name: `jibe/${told.app}`,
      description: told.message.slice(0, MAX_DESCRIPTION),
    };
    await call({ method: 'POST', url: `${api}/statuses/${told.revision}`, headers, body: JSON.stringify(body) });
  }
  if (!comments) return;
  const requests = await call({ method: 'GET', url: `${api}/repository/commits/${told.revision}/merge_requests`, headers });
  for (const iid of numbers(requests, 'iid'))
    await call({ method: 'POST', url: `${api}/merge_requests/${iid}/notes`, headers, body: JSON.stringify({ body: comment(told) }) });
}

/** So many requests of one commit are told at most. */
const MAX_REQUESTS = 10;

function numbers(answer: unknown, field: string): readonly number[] {
  if (!Array.isArray(answer)) throw new NotifyError('the answer is no list of requests');
  return (answer as readonly Readonly<Record<string, unknown>>[])
    .map((item) => item[field])
    .filter((value) => typeof value === 'number')
    .slice(0, MAX_REQUESTS);
}
