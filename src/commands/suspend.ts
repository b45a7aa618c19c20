import { Args, Flags } from '@oclif/core';
import { JibeCommand } from './shared/base.ts';
import { CannotDo } from './shared/failure.ts';
import { whoAmI } from './shared/person.ts';
import { targetFlags, withCluster, type TargetFlags } from './shared/target.ts';

export const suspensionFlags = {
  namespace: Flags.string({ char: 'n', summary: "Where the app's memory is kept.", helpValue: 'NAME', default: 'default' }),
  ...targetFlags,
};

/** @param why undefined to resume */
export async function setSuspended(
  app: string,
  flags: TargetFlags & { readonly namespace: string },
  why: string | undefined,
): Promise<void> {
  const { readApplySet, suspendApp } = await import('../reconcile/plan/apply-set.ts');
  await withCluster(flags, async ({ client, cluster }) => {
    const { parent } = await readApplySet(client, app, flags.namespace);
    if (!parent) throw new CannotDo(`there is no app ${JSON.stringify(app)} in ${cluster}`, 'jibe status shows which there are');
    await suspendApp(client, { app, namespace: flags.namespace }, why);
  });
}

export default class Suspend extends JibeCommand {
  static override summary = 'Have an app left alone by whoever keeps it, until it is resumed.';
  static override description = 'A sync that somebody asks for works all the same.';
  static override args = { app: Args.string({ description: 'The app.', required: true }) };
  static override flags = {
    reason: Flags.string({ summary: 'What others are told.', helpValue: 'TEXT' }),
    ...suspensionFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Suspend);
    await this.ending(async () => {
      await setSuspended(args.app, flags, `${flags.reason ? `${flags.reason}, ` : ''}by ${whoAmI()}`);
      this.emit(`${args.app} is suspended`);
      return 0;
    });
  }
}
