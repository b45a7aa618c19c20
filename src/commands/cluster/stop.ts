import { JibeCommand } from '../shared/base.ts';
import { checkClusterName, clusterNameFlag } from '../shared/clusters.ts';
import { CannotDo } from '../shared/failure.ts';
import { jibeHome } from '../shared/target.ts';

/** How long a server may take to keep what it holds, in milliseconds. */
const PATIENCE_MS = 30_000;
const POLL_MS = 20;

export default class ClusterStop extends JibeCommand {
  static override summary = 'Stop serving a cluster; what it holds is kept.';
  static override flags = { name: clusterNameFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStop);
    await this.ending(async () => {
      checkClusterName(flags.name);
      const [{ findServing, isInUse }, { RealClock }] = await Promise.all([
        import('../../cluster/serving.ts'),
        import('../../apimachinery/clock.ts'),
      ]);
      const serving = findServing(jibeHome(), flags.name);
      if (!serving) throw new CannotDo(`cluster ${flags.name} is not being served`, 'jibe cluster list shows which are');
      process.kill(serving.pid, 'SIGTERM');
      const clock = new RealClock();
      const deadline = clock.now() + PATIENCE_MS;
      while (isInUse(jibeHome(), flags.name)) {
        if (clock.now() > deadline) throw new CannotDo(`process ${serving.pid} does not end`, `kill it: kill -9 ${serving.pid}`);
        await clock.sleep(POLL_MS, { signal: this.interrupt.signal });
      }
      this.emit(`stopped ${flags.name}`);
      return 0;
    });
  }
}
