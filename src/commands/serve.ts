import { Args, Flags, type Interfaces } from '@oclif/core';
import { durationFlag, JibeCommand } from './shared/base.ts';
import { keepFlags } from './shared/keep.ts';
import { httpFlags } from './shared/serve-http.ts';
import { sourceFlags, namespaceFlag } from './shared/source.ts';
import { targetFlags } from './shared/target.ts';
import { assumeKinds, syncFlags } from './sync.ts';

export default class Serve extends JibeCommand {
  static override summary = 'Keep sources and clusters in agreement, and show how it goes: a page, an API, metrics.';
  static override description =
    'Everything that `sync --interval` does, for one source or many, until it is told to end. What cannot be reached is tried again and does not stop the others. The address is printed on standard output.\n' +
    'Exit code 0: it was told to end (SIGTERM). 130: interrupted (Ctrl-C). 2: it could not be begun.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ./deploy --context prod --self-heal',
    '<%= config.bin %> <%= command.id %> --config serve.yaml',
    'JIBE_SERVE_TOKEN=… <%= config.bin %> <%= command.id %> --config serve.yaml --listen 0.0.0.0 --tls-cert tls.crt --tls-key tls.key',
  ];
  static override strict = false;
  static override args = {
    sources: Args.string({ description: 'Directories and repositories, one or more.' }),
  };
  static override flags = {
    config: Flags.string({ summary: 'A file that lists the sources, in YAML (docs/serve.md).', helpValue: 'FILE', helpGroup: 'SOURCE' }),
    ...sourceFlags,
    namespace: namespaceFlag,
    ...syncFlags,
    'assume-kinds': assumeKinds,
    interval: durationFlag('How often sources are asked whether they have changed.', '1m'),
    'self-heal': keepFlags['self-heal'],
    notify: keepFlags.notify,
    log: keepFlags.log,
    ...httpFlags,
    ...targetFlags,
    quiet: Flags.boolean({ char: 'q', summary: 'Only what is wrong is told.', helpGroup: 'OUTPUT' }),
    'no-color': Flags.boolean({ summary: 'No colours.', helpGroup: 'OUTPUT' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Serve);
    await this.ending(async () => {
      const { serveSources } = await import('./shared/serve-kept.ts');
      await serveSources(argv as string[], flags, this.interrupt.signal, (url) => this.emit(url));
      // a source that does not answer is not waited for
      process.exit(this.endedBy === 'SIGTERM' ? 0 : 130);
    });
  }
}

export type ServeFlags = Interfaces.InferredFlags<typeof Serve.flags>;
