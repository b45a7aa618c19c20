// The `notifications` of a jibe.yaml: their schema, and how they are read.
import { NOTIFIED_EVENTS, type NotifiedEvent } from '../notify/notification.ts';
import { DEFAULT_TEMPLATE, type NotificationTarget } from '../notify/target.ts';
import { objectSchema, textSchema, textsSchema } from '../validate/file-schema.ts';
import type { Fields } from './fields.ts';

const project = { type: 'string', pattern: '^[^/]+(/[^/]+)+$', description: 'a project: owner/name' } as const;
const hookName = {
  type: 'string',
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
  description: 'a name: lower-case letters, digits and dashes',
} as const;
const host = (name: string) => objectSchema({ [name]: project, status: { type: 'boolean' }, comment: { type: 'boolean' } }, [name]);

export const NOTIFICATIONS_SCHEMA = {
  type: 'array',
  maxItems: 50,
  items: objectSchema({
    webhook: objectSchema({ name: hookName, template: textSchema, contentType: textSchema }, ['name']),
    github: host('repository'),
    gitlab: host('project'),
    on: { type: 'array', items: { enum: [...NOTIFIED_EVENTS] } },
    apps: textsSchema,
  }),
};

/** One item may tell several. */
export function readNotification(item: Fields): readonly NotificationTarget[] {
  const common = { on: item.strings('on') as readonly NotifiedEvent[], apps: item.strings('apps') };
  const targets: NotificationTarget[] = [];
  if (item.has('webhook')) {
    const webhook = item.inner('webhook');
    const template = webhook.string('template') || DEFAULT_TEMPLATE;
    targets.push({
      ...common,
      to: 'webhook',
      name: webhook.string('name'),
      template,
      contentType: webhook.string('contentType') || 'application/json',
    });
  }
  for (const [to, field] of [
    ['github', 'repository'],
    ['gitlab', 'project'],
  ] as const) {
    if (!item.has(to)) continue;
    const host = item.inner(to);
    targets.push({ ...common, to, project: host.string(field), status: host.boolean('status', true), comment: host.boolean('comment') });
  }
  return targets;
}
