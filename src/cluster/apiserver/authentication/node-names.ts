// Nodes as users: `system:node:<name>`, in group `system:nodes`. Follows pkg/auth/nodeidentifier.
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';

const PREFIX = 'system:node:';
export const NODES_GROUP = 'system:nodes';

/** The node that the user is; empty where it is one without saying which; undefined where it is none. */
export function nodeOf({ username, groups }: UserInfo): string | undefined {
  if (!username.startsWith(PREFIX) || !groups.includes(NODES_GROUP)) return undefined;
  return username.slice(PREFIX.length);
}

/** Undefined where the name is not that of a node's user. */
export function nodeNameOf(username: string): string | undefined {
  const name = username.startsWith(PREFIX) ? username.slice(PREFIX.length) : '';
  return name && nameIsDNSSubdomain(name, false).length === 0 ? name : undefined;
}
