import { Args } from '@oclif/core';
import { JibeCommand } from './shared/base.ts';
import { setSuspended, suspensionFlags } from './suspend.ts';

export default class Resume extends JibeCommand {
  static override summary = 'Let an app be kept again that was suspended or rolled back.';
  static override args = { app: Args.string({ description: 'The app.', required: true }) };
  static override flags = suspensionFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    await this.ending(async () => {
      await setSuspended(args.app, flags, undefined);
      this.emit(`${args.app} is resumed`);
      return 0;
    });
  }
}
