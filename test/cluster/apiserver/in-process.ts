// An API server that nothing else uses, and a client of it.
import { expect } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { Client } from '../../../src/client/client.ts';
import { InProcessTransport } from '../../../src/client/in-process.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../without-controllers.ts';

const NOW = Date.UTC(2026, 0, 1);

/** There from the start. */
export const namespace = 'default';

export async function inProcess(): Promise<{ readonly client: Client; readonly clock: VirtualClock }> {
  const clock = new VirtualClock(NOW);
  const server = standaloneApiServer({ clock, random: new Random(1), ...WITHOUT_CONTROLLERS });
  const client = new Client(new InProcessTransport(server, { username: 'admin', groups: ['system:masters'] }, 'test'));
  await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return { client, clock };
}

/** What a refusal says: `409 pod web is being deleted…`; fails where there is none. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(StatusError);
  const { code, message } = (error as StatusError).status;
  return `${code} ${message}`;
}
